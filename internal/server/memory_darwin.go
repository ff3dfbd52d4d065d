package server

import "golang.org/x/sys/unix"

// machineMemory is the memory of this machine in bytes; 0 when it is not known.
func machineMemory() uint64 {
	bytes, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return bytes
}
