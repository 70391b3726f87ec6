#!/usr/bin/env bash
# Captures what the commands really print, into docs/screens.md, and the status page, into docs/screens/: in a network
# namespace of its own, with real packets. Run it again when a screen has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh tests chromium lab tmux >&2

root=$PWD
. scripts/throwaway.sh
throwaway screens
export XDPKEEP_BPFFS="$bpffs" XDPKEEP_DATA_DIR="$work/data" XDPKEEP_HOST=edge-1 NO_COLOR=1 LC_ALL=C.UTF-8

xdpkeep() { (cd "$work" && exec "${on_server[@]}" node "$root/dist/xdpkeep.js" "$@"); }
screen() { # TITLE ARGUMENTS...: what a command prints
	printf '\n## %s\n\n```console\n$ xdpkeep%s\n' "$1" "$(printf ' %q' "${@:2}")"
	xdpkeep "${@:2}" 2>&1 | sed 's/[[:space:]]*$//' || true
	printf '```\n'
}

mkdir -p "$work/state/hosts" "$work/state/policies"
make_network ens5 192.0.2.1/24 out 192.0.2.2/24
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
flood() {
	"${on_client[@]}" ping -q -f -w "$1" 192.0.2.1 >/dev/null 2>&1 &
	pids+=($!)
}

{
	printf '# Screens\n\nWhat the commands print, captured by `npm run screens` on a host with one interface and real packets.\n'
	policy 9
	screen 'The plan' reconcile --dry-run
	xdpkeep reconcile >/dev/null
	"${on_client[@]}" ping -c 4 -i 0.2 -W 1 192.0.2.1 >/dev/null || true
	policy 1900
	screen 'A change, and which packets it is about' reconcile --dry-run
	xdpkeep reconcile >/dev/null
	screen 'Status' status
	screen 'Counters' counters
	screen 'Explain' explain ens5 'protocol: icmp, source: 203.0.113.9, icmpType: echo-request'
	screen 'History' history
	flood 6
	screen 'Events' events --count 3
	tmux -L "$server" new-session -d -x 80 -y 24 "nsenter --net=/var/run/netns/$server node $root/dist/xdpkeep.js top"
	pids+=("$(tmux -L "$server" display-message -p '#{pid}')")
	sleep 4
	printf '\n## Top\n\n```console\n$ xdpkeep top\n%s\n```\n' "$(tmux -L "$server" capture-pane -p | sed 's/[[:space:]]*$//')"
	printf '\n## The status page\n\n`xdpkeep reconcile --watch --http 127.0.0.1:9470`\n\n![the status page](screens/page.png)\n'
} >"$work/screens.md"

(cd "$work" && exec "${on_server[@]}" node "$root/dist/xdpkeep.js" reconcile --watch --http 127.0.0.1:9470 2>/dev/null) &
pids+=($!)
flood 14
mkdir -p docs/screens
node scripts/screens/page.mjs "$server" docs/screens/page.png
cp "$work/screens.md" docs/screens.md
node_modules/.bin/prettier --write --log-level warn docs/screens.md
