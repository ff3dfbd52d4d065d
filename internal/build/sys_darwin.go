package build

import (
	"os"

	"golang.org/x/sys/unix"
)

// bootID names the present boot of the machine. It is never empty.
func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return "a boot without a name"
	}
	return id
}

// syncDisk returns when all that was written before is on disk.
func syncDisk(*os.File) error { return unix.Sync() }
