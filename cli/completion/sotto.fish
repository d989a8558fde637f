# Completion of sotto for fish: sotto completion fish > ~/.config/fish/completions/sotto.fish

# Whether the words before the cursor lead to the command $argv[1] and, if $argv[2] is given, to that place behind it.
function __sotto_at
    set -l at ''
    set -l place 1
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if string match -q -- '-*' $word
            contains -- "$at $word" $__sotto_valued; and set skip 1
        else if contains -- (string trim -- "$at $word") $__sotto_commands
            set at (string trim -- "$at $word")
            set place 1
        else
            set place (math $place + 1)
        end
    end
    test "$at" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    test "$argv[2]" = any -o "$argv[2]" = $place
end

# Whom the profile knows; nobody where a passphrase would have to be asked for.
function __sotto_contacts
    set -l words (commandline -opc)
    set -l profile default
    set -l index (contains -i -- --profile $words); and set profile $words[(math $index + 1)]
    sotto complete-contacts --profile $profile 2>/dev/null
end

function __sotto_profiles
    set -l home ~/.sotto
    set -q SOTTO_HOME; and set home $SOTTO_HOME
    command ls $home/profiles 2>/dev/null
end

complete -c sotto -e
complete -c sotto -f
# TABLES
