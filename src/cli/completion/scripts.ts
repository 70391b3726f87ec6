// The completion scripts of the shells. They know no commands: they ask `xdpkeep complete`, which answers a line `words`,
// `files` or `dirs`, then candidates, each with a tab and its description.
import type { SHELLS } from './shells.js';

/** bash breaks words at = and :, so that `--output=json` arrives in three: they are joined again. */
const BASH = String.raw`# bash completion for xdpkeep
_xdpkeep() {
  local -a words=() answer=()
  local word glued='' kind line current
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ $word == [=:] && \${#words[@]} -gt 0 ]]; then
      words[-1]+=$word
      glued=1
    elif [[ -n $glued ]]; then
      words[-1]+=$word
      glued=
    else
      words+=("$word")
    fi
  done
  mapfile -t answer < <("\${COMP_WORDS[0]}" complete -- "\${words[@]}" 2>/dev/null)
  kind=\${answer[0]-}
  current=\${words[-1]}
  COMPREPLY=()
  for line in "\${answer[@]:1}"; do
    line=\${line%%$'\t'*}
    [[ $line == "$current"* ]] || continue
    printf -v line %q "$line" # a name may hold spaces, or what a shell would run
    COMPREPLY+=("$line")
  done
  case $kind in
    files) mapfile -t COMPREPLY < <(compgen -f -- "\${current##*=}") ;;
    dirs) mapfile -t COMPREPLY < <(compgen -d -- "\${current##*=}") ;;
  esac
  [[ $kind != words ]] && compopt -o filenames 2>/dev/null
  if [[ $current == *=* && $kind == words ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%%=*}="}")
  fi
}
complete -F _xdpkeep xdpkeep
`;

const ZSH = String.raw`#compdef xdpkeep
# zsh completion for xdpkeep
_xdpkeep() {
  local -a answer candidates
  local line
  answer=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case $answer[1] in
    files) _files; return ;;
    dirs) _files -/; return ;;
  esac
  for line in "\${(@)answer[2,-1]}"; do
    candidates+=("\${\${line%%$'\t'*}//:/\\:}:\${line#*$'\t'}")
  done
  (( $#candidates )) && _describe -V 'xdpkeep' candidates
}
if [ "$funcstack[1]" = _xdpkeep ]; then _xdpkeep "$@"; else compdef _xdpkeep xdpkeep; fi
`;

const FISH = String.raw`# fish completion for xdpkeep
function __xdpkeep_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l answer ($words[1] complete -- $words[2..-1] $current 2>/dev/null)
  switch "$answer[1]"
    case files
      __fish_complete_path $current
    case dirs
      __fish_complete_directories $current
    case '*'
      string join \n -- $answer[2..-1]
  end
end
complete -c xdpkeep -f -a '(__xdpkeep_complete)'
`;

/** `\$` keeps TypeScript's hands off what belongs to the shell. */
function unescape(script: string): string {
  return script.replaceAll('\\$', '$');
}

export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: unescape(BASH),
  zsh: unescape(ZSH),
  fish: FISH,
};
