# Completion of sotto for bash, 3.2 or later. In ~/.bashrc: eval "$(sotto completion bash)"

# TABLES

# Whom the profile knows; nobody where a passphrase would have to be asked for.
_sotto_contacts() {
  local index profile=default
  for ((index = 1; index < COMP_CWORD; index++)); do
    [ "${COMP_WORDS[index]}" = --profile ] && profile=${COMP_WORDS[index + 1]}
  done
  sotto complete-contacts --profile "$profile" 2>/dev/null
}

_sotto_profiles() { command ls "${SOTTO_HOME:-$HOME/.sotto}/profiles" 2>/dev/null; }

# Of lines, those that are names: compgen would run what stands in $(…) in any other.
_sotto_names() { command grep -x '[A-Za-z0-9._-]*'; }

# Completes the word $2 by the values that $1 stands for.
_sotto_reply() {
  local IFS=$'\n'
  case $1 in
    contacts) COMPREPLY=($(compgen -W "$(_sotto_contacts | _sotto_names)" -- "$2")) ;;
    profiles) COMPREPLY=($(compgen -W "$(_sotto_profiles | _sotto_names)" -- "$2")) ;;
    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$2")) ;;
    folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$2")) ;;
    'words '*) IFS=$' \n'; COMPREPLY=($(compgen -W "${1#words }" -- "$2")) ;;
  esac
}

_sotto() {
  local current=${COMP_WORDS[COMP_CWORD]} at= value= place=1 index word
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [ "${word#-}" != "$word" ]; then
      value=$(_sotto_value "$at" "$word")
    elif [ -n "$value" ]; then
      # An option that takes any number goes on taking.
      [ "${value%...}" != "$value" ] || value=
    elif [[ " $(_sotto_commands "$at") " == *" $word "* ]]; then
      at=${at:+$at }$word place=1
    else
      place=$((place + 1))
    fi
  done
  if [ "${current#-}" != "$current" ]; then value="words $(_sotto_options "$at")"; fi
  [ -n "$value" ] || value=$(_sotto_argument "$at" "$place")
  [ -n "$value" ] || value="words $(_sotto_commands "$at")"
  _sotto_reply "${value%...}" "$current"
}

complete -F _sotto sotto
