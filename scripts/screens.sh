#!/usr/bin/env bash
# Captures what the commands really print, into docs/screens.md, and the status page, into docs/screens/: in a network
# namespace of its own, with real packets. Run it again when a screen has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh test >&2

root=$PWD
server="xk-screens-$$"
client="xk-screens-out-$$"
work=$(mktemp -d /tmp/xdpkeep-screens.XXXXXX)
export XDPKEEP_BPFFS="$work/bpf" XDPKEEP_DATA_DIR="$work/data" XDPKEEP_HOST=edge-1 NO_COLOR=1 LC_ALL=C.UTF-8
pids=()

cleanup() {
	local code=$?
	trap - EXIT
	tmux -L "$server" kill-server 2>/dev/null || true
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	umount "$XDPKEEP_BPFFS" 2>/dev/null || true
	ip netns del "$server" 2>/dev/null || true
	ip netns del "$client" 2>/dev/null || true
	rm -rf "$work"
	exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

inside() { nsenter --net="/var/run/netns/$server" --wd="$work" "$@"; }
xdpkeep() { inside node "$root/dist/xdpkeep.js" "$@"; }
screen() { # TITLE ARGUMENTS...: what a command prints
	printf '\n## %s\n\n```console\n$ xdpkeep%s\n' "$1" "$(printf ' %q' "${@:2}")"
	xdpkeep "${@:2}" 2>&1 | sed 's/[[:space:]]*$//' || true
	printf '```\n'
}

mkdir -p "$XDPKEEP_BPFFS" "$work/state/hosts" "$work/state/policies"
mount -t bpf bpf "$XDPKEEP_BPFFS"
ip netns add "$server"
ip netns add "$client"
ip -n "$server" link add ens5 type veth peer name out netns "$client"
ip -n "$server" addr add 192.0.2.1/24 dev ens5
ip -n "$client" addr add 192.0.2.2/24 dev out
for link in "$server ens5" "$server lo" "$client out"; do
	read -r namespace name <<<"$link"
	ip -n "$namespace" link set "$name" up
done
cat >"$work/state/hosts/edge-1.yaml" <<-'YAML'
	apiVersion: xdpkeep/v1
	kind: Host
	name: edge-1
	interfaces:
	  ens5: { policy: edge }
	protect:
	  - { protocol: tcp, source: 10.0.0.0/8, destinationPort: 22 }
YAML
policy() { # the port that is closed
	cat >"$work/state/policies/edge.yaml" <<-YAML
		apiVersion: xdpkeep/v1
		kind: Policy
		name: edge
		rules:
		  - name: no-ping
		    match: { protocol: icmp, icmpType: echo-request }
		    action: drop
		    log: { oneIn: 1 }
		  - name: closed
		    match: { protocol: udp, destinationPort: $1 }
		    action: drop
	YAML
}
flood() { nsenter --net="/var/run/netns/$client" ping -q -f -w "$1" 192.0.2.1 >/dev/null 2>&1 || true; }

{
	printf '# Screens\n\nWhat the commands print, captured by `npm run screens` on a host with one interface and real packets.\n'
	policy 9
	screen 'The plan' reconcile --dry-run
	xdpkeep reconcile >/dev/null
	nsenter --net="/var/run/netns/$client" ping -c 4 -i 0.2 -W 1 192.0.2.1 >/dev/null || true
	policy 1900
	screen 'A change, and which packets it is about' reconcile --dry-run
	xdpkeep reconcile >/dev/null
	screen 'Status' status
	screen 'Counters' counters
	screen 'Explain' explain ens5 'protocol: icmp, source: 203.0.113.9, icmpType: echo-request'
	screen 'History' history
	flood 6 &
	pids+=($!)
	screen 'Events' events --count 3
	tmux -L "$server" new-session -d -x 80 -y 24 "nsenter --net=/var/run/netns/$server node $root/dist/xdpkeep.js top"
	sleep 4
	printf '\n## Top\n\n```console\n$ xdpkeep top\n%s\n```\n' "$(tmux -L "$server" capture-pane -p | sed 's/[[:space:]]*$//')"
	printf '\n## The status page\n\n`xdpkeep reconcile --watch --http 127.0.0.1:9470`\n\n![the status page](screens/page.png)\n'
} >"$work/screens.md"

xdpkeep reconcile --watch --http 127.0.0.1:9470 2>/dev/null &
pids+=($!)
flood 14 &
pids+=($!)
mkdir -p docs/screens
node scripts/screens/page.mjs "$server" docs/screens/page.png
cp "$work/screens.md" docs/screens.md
node_modules/.bin/prettier --write --log-level warn docs/screens.md
