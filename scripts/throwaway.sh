# For sourcing: two network namespaces with a veth pair between them, a work folder and a bpffs. All of it goes away when
# the script ends, also after Ctrl-C, and with it every process whose number is in `pids`.

# throwaway NAME: sets server, client, work and bpffs; what a command begins with that is run on either side.
throwaway() {
	server="xk-$1-server-$$"
	client="xk-$1-client-$$"
	work=$(mktemp -d "/tmp/xdpkeep-$1.XXXXXX")
	bpffs="$work/bpf"
	# No functions: in the background, $! would be the number of a shell.
	on_server=(nsenter --net="/var/run/netns/$server")
	on_client=(nsenter --net="/var/run/netns/$client")
	pids=()
	trap throw_away EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

throw_away() {
	local code=$? pid
	trap - EXIT
	trap '' INT TERM
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	umount "$bpffs" 2>/dev/null || true
	ip netns del "$server" 2>/dev/null || true
	ip netns del "$client" 2>/dev/null || true
	rm -rf "$work"
	exit "$code"
}

# make_network INTERFACE ADDRESS, of the server, then of the client; the bpffs is mounted too.
make_network() {
	ip netns add "$server"
	ip netns add "$client"
	ip -n "$server" link add "$1" type veth peer name "$3" netns "$client"
	ip -n "$server" addr add "$2" dev "$1"
	ip -n "$client" addr add "$4" dev "$3"
	ip -n "$server" link set lo up
	ip -n "$server" link set "$1" up
	ip -n "$client" link set "$3" up
	mkdir "$bpffs"
	mount -t bpf bpf "$bpffs"
}
