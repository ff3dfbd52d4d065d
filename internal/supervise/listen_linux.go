package supervise

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listening returns the addresses of the sockets that the processes listen on.
func listening(members []proc) []string {
	addresses := []string{}
	for _, p := range members {
		inodes := sockets(p.pid)
		if len(inodes) == 0 {
			continue
		}
		for _, table := range []string{"tcp", "tcp6"} {
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", p.pid, table))
			if err != nil {
				continue
			}
			for line := range strings.Lines(string(data)) {
				if inode, address, ok := parseListener(line); ok && inodes[inode] {
					addresses = append(addresses, address.String())
				}
			}
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}

// sockets returns the inodes of the sockets that a process holds.
func sockets(pid int) map[string]bool {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	names, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	inodes := map[string]bool{}
	for _, name := range names {
		target, err := os.Readlink(filepath.Join(folder, name.Name()))
		if inode, ok := strings.CutPrefix(target, "socket:["); err == nil && ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}

// parseListener reads a line of /proc/net/tcp or tcp6, such as
// "0: 0100007F:1F90 00000000:0000 0A … inode"; ok is false for a socket that
// does not listen.
func parseListener(line string) (inode string, address netip.AddrPort, ok bool) {
	const listen = "0A"
	fields := strings.Fields(line)
	if len(fields) < 10 || fields[3] != listen {
		return "", netip.AddrPort{}, false
	}
	host, portText, found := strings.Cut(fields[1], ":")
	raw, err := hex.DecodeString(host)
	port, portErr := strconv.ParseUint(portText, 16, 16)
	if !found || err != nil || portErr != nil || (len(raw) != 4 && len(raw) != 16) {
		return "", netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) { // each word is in the machine's order
		if littleEndian() {
			slices.Reverse(word)
		}
	}
	ip, _ := netip.AddrFromSlice(raw)
	return fields[9], netip.AddrPortFrom(ip.Unmap(), uint16(port)), true
}

func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }
