#compdef sotto
# Completion of sotto for zsh. In ~/.zshrc, below compinit: source <(sotto completion zsh)

# Whom the profile knows; nobody where a passphrase would have to be asked for.
_sotto_contacts() {
  local -a names
  names=(${(f)"$(sotto complete-contacts --profile "${opt_args[--profile]:-default}" 2>/dev/null)"})
  compadd -a names
}

_sotto_profiles() {
  local -a names
  names=(${SOTTO_HOME:-$HOME/.sotto}/profiles/*(N/:t))
  compadd -a names
}

# TABLES

if [ "$funcstack[1]" = _sotto ]; then _sotto "$@"; else compdef _sotto sotto; fi
