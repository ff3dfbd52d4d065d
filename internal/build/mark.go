package build

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// completeMark is the file in an artifact's folder that makes it complete. It is
// made last and removed first, and its time is that of the last use.
//
// A build does not wait for the disk, so that an artifact could be complete in
// name only after a loss of power. The mark therefore holds the boot of the
// machine it was made in, and holdsAlways once all is on disk: one of an earlier
// boot does not count.
const (
	completeMark = ".aloft-complete"
	holdsAlways  = "on disk"
)

// seal marks an artifact complete.
func seal(folder string) error {
	path := filepath.Join(folder, completeMark)
	err := os.RemoveAll(path) // a build may have made whatever it likes
	if err == nil {
		err = os.WriteFile(path, []byte(bootID()), 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot complete the artifact: %w", err)
	}
	go settle(path)
	return nil
}

// settle waits for the disk. What fails leaves the mark as it is: after the next
// boot the artifact is built again.
func settle(mark string) {
	file, err := os.OpenFile(mark, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if syncDisk(file) == nil {
		_, _ = file.WriteAt(fmt.Appendf(nil, "%-*s", len(bootID()), holdsAlways), 0)
	}
}

// handOut reports whether there is a complete artifact in folder, and notes
// that it is being used.
func handOut(folder string) bool {
	path := filepath.Join(folder, completeMark)
	mark, err := os.ReadFile(path)
	if err != nil || !holds(string(mark)) {
		return false
	}
	now := time.Now()
	return os.Chtimes(path, now, now) == nil
}

func holds(mark string) bool {
	return mark != "" && (mark == bootID() || mark == fmt.Sprintf("%-*s", len(mark), holdsAlways))
}
