#!/usr/bin/env bash
# The article's story with real packets: two network namespaces, a veth pair between them, an XDP firewall on one end.
# Nothing outside them is touched; everything is gone at the end, also after Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo "the demo makes network namespaces and loads BPF programs: run it as root (sudo npm run demo)" >&2
	exit 77
fi
bash scripts/setup.sh

. scripts/throwaway.sh
throwaway demo

bold='' plain=''
if [ -t 1 ]; then
	bold=$(tput bold 2>/dev/null || true)
	plain=$(tput sgr0 2>/dev/null || true)
fi
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
run() { # shows a command as one would type it on the server, and runs it there
	printf '$ %s\n' "$*"
	"${on_server[@]}" "$@"
}
xdpkeep() {
	printf '$ xdpkeep%s\n' "$(printf ' %q' "$@")"
	"${on_server[@]}" node dist/xdpkeep.js "$@"
}
fail() {
	echo "the demo did not show what it should: $*" >&2
	exit 1
}
loss() { # sends four pings from the client; $1 is the loss that must be seen, in per cent
	local out
	printf '$ ping -c 4 10.77.0.1        (from the client)\n'
	out=$("${on_client[@]}" ping -c 4 -i 0.2 -W 1 10.77.0.1 || true)
	grep 'packet loss' <<<"$out"
	grep -q " $1% packet loss" <<<"$out" || fail "$1 % packet loss was expected"
}
talk() { # sends a line over the connection that was opened in the beginning
	local line
	echo "$1" >&"$to_client"
	read -r -t 5 line <&"$from_client" || fail 'the TCP connection is dead'
	echo "over the open TCP connection: $line"
	[ "$line" = "echo: $1" ] || fail 'the TCP connection garbles'
}

say 'A throw-away network: server (10.77.0.1, xk0) and client (10.77.0.2, xk1)'
make_network xk0 10.77.0.1/24 xk1 10.77.0.2/24
cp -r state "$work/state"
export XDPKEEP_STATE="$work/state" XDPKEEP_HOST=demo XDPKEEP_BPFFS="$bpffs" XDPKEEP_DATA_DIR="$work/data"

mkfifo "$work/served" "$work/in" "$work/out"
"${on_server[@]}" node scripts/tcp.mjs serve 10.77.0.1 7000 >"$work/served" &
pids+=($!)
read -r -t 10 _ <"$work/served" || fail 'the TCP service does not start'
"${on_client[@]}" node scripts/tcp.mjs talk 10.77.0.1 7000 <"$work/in" >"$work/out" &
pids+=($!)
exec {to_client}>"$work/in" {from_client}<"$work/out"
read -r -t 10 line <&"$from_client" || fail 'the TCP client does not connect'
echo "a TCP service runs on the server; the client is $line"

say 'Without a firewall: ping works'
loss 0

say 'What would be done'
cat "$work/state/hosts/demo.yaml"
xdpkeep reconcile --dry-run

say 'Do it'
xdpkeep reconcile
run bpftool net show dev xk0

say 'ICMP is dropped, TCP lives on'
loss 100
talk 'still here'
xdpkeep maps xk0 icmp_drops
drops=$("${on_server[@]}" node dist/xdpkeep.js maps xk0 icmp_drops --output json |
	node -pe 'JSON.parse(require("fs").readFileSync(0, "utf8")).maps[0].entries[0].value')
[ "$drops" = 4 ] || fail "icmp_drops is $drops and not 4"

say 'A second reconcile changes nothing'
xdpkeep reconcile

say 'A stranger cannot detach it: the kernel refuses while the link lives'
if run bpftool net detach xdp dev xk0 2>&1; then fail 'the program was detached'; fi
if run ip link set dev xk0 xdp off 2>&1; then fail 'the program was detached'; fi

say "The state file changes: a program of one's own; icmp_drops keeps its count"
sed -i 's|{ builtin: icmp-drop }|{ file: programs/xdp_fw.bpf.c }|' "$work/state/hosts/demo.yaml"
diff "state/hosts/demo.yaml" "$work/state/hosts/demo.yaml" || true
grep -q xdp_fw "$work/state/hosts/demo.yaml" || fail 'the state file was not edited'
xdpkeep reconcile
xdpkeep maps xk0
talk 'through the swap'

say 'Roll back'
xdpkeep rollback --reason 'the new program was only a try'
xdpkeep reconcile && fail 'the state that was left came back' || echo "(exit $?: on hold, the rollback sticks)"
xdpkeep history

say 'Take everything away'
xdpkeep detach --all --reason 'end of the demo'
run bpftool net show dev xk0
loss 0
[ ! -e "$bpffs/xdpkeep" ] || fail "pins are left: $(find "$bpffs/xdpkeep")"
echo 'no pin is left on the bpffs'

say "Done in ${SECONDS} s"
