package build

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// bootID names the present boot of the machine. It is never empty.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "a boot without a name"
	}
	return strings.TrimSpace(string(id))
}

// syncDisk returns when all that was written before to the file's filesystem is on disk.
func syncDisk(file *os.File) error { return unix.Syncfs(int(file.Fd())) }
