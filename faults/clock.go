package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// clockVariable names the file with the offset of a server's clock: seconds, in
// 8 bytes.
const clockVariable = "FAULTS_CLOCK"

// A server whose clock can be moved is built from a standard library in which
// time.Now adds an offset. The wall clock jumps, the monotonic one does not: as
// on a machine whose clock is set. The clock of the database stays, as if it were
// another machine's. The program itself has no code for it.
var (
	nowRule = regexp.MustCompile(`(?m)^func Now\(\) Time \{\n\tsec, nsec, mono := \w+\(\)\n`)
	nowMore = "\tsec += faultsOffset()\n"
)

const offsetSource = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var faultsSeconds = faultsMapped()

// The runtime asks for the time where no system call is allowed, so the offset
// is in memory that is shared with the suite.
func faultsMapped() *int64 {
	path, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return new(int64)
	}
	file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	defer syscall.Close(file)
	page, err := syscall.Mmap(file, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return (*int64)(unsafe.Pointer(&page[0]))
}

func faultsOffset() int64 { return atomic.LoadInt64(faultsSeconds) }
`

// buildServer builds the program aloft, with a clock that can be moved.
func buildServer(ctx context.Context, dir, program string) error {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("cannot find the standard library: %w", err)
	}
	folder := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(folder, "time.go"))
	if err != nil {
		return fmt.Errorf("cannot read the standard library: %w", err)
	}
	found := nowRule.FindAllIndex(source, -1)
	if len(found) != 1 {
		return fmt.Errorf("time.Now is not as the suite knows it: %d matches of %s", len(found), nowRule)
	}
	end := found[0][1]
	patched := string(source[:end]) + nowMore + string(source[end:])
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(folder, "time.go"):   filepath.Join(dir, "time.go"),
		filepath.Join(folder, "faults.go"): filepath.Join(dir, "faults.go"),
	}})
	err = errors.Join(err,
		os.WriteFile(filepath.Join(dir, "time.go"), []byte(patched), 0o600),
		os.WriteFile(filepath.Join(dir, "faults.go"), []byte(offsetSource), 0o600),
		os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "github.com/aloft-dev/aloft/cmd/aloft")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the server: %w\n%s", err, output)
	}
	return nil
}

// clock moves the clock of the servers that map its file.
type clock struct{ path string }

func (c clock) set(offset time.Duration) error {
	file, err := os.OpenFile(c.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	var seconds [8]byte
	binary.NativeEndian.PutUint64(seconds[:], uint64(int64(offset/time.Second)))
	_, err = file.WriteAt(seconds[:], 0)
	return errors.Join(err, file.Close())
}
