package confine_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/confine"
)

// run runs a script confined and returns what it wrote and whether it did well.
func run(t *testing.T, options confine.Options, a aloft.Confinement, script string) (string, error) {
	t.Helper()
	type result struct {
		output []byte
		err    error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread is confined for ever
		if err := confine.New(options).Apply(a); err != nil {
			done <- result{nil, err}
			return
		}
		command := exec.Command("sh", "-c", script)
		command.Dir = "/"
		output, err := command.CombinedOutput()
		done <- result{output, err}
	}()
	r := <-done
	return string(r.output), r.err
}

func needLandlock(t *testing.T) {
	t.Helper()
	if confine.Support() == 0 {
		t.Skip("this kernel has no Landlock")
	}
}

func TestConfined(t *testing.T) {
	needLandlock(t)
	root := folders(t, "data/system", "artifact", "private", "elsewhere")
	for _, name := range []string{"data/token", "artifact/file", "private/file", "elsewhere/file"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte("text of "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "artifact/program"), []byte("#!/bin/sh\necho ran\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	a := aloft.Confinement{
		Read:  []string{filepath.Join(root, "artifact"), filepath.Join(root, "elsewhere/file"), "/nowhere"},
		Write: []string{filepath.Join(root, "private")},
	}
	options := confine.Options{Path: os.Getenv("PATH"), Home: os.Getenv("HOME"), Closed: []string{filepath.Join(root, "data")}}
	for _, test := range []struct {
		rule, script string
		allowed      bool
	}{
		{"the system is read", "cat /etc/passwd && ls /usr/bin && cat /proc/self/status && cat /proc/cpuinfo", true},
		{"devices are used", "echo x > /dev/null && head -c 10 /dev/zero && head -c 1 /dev/urandom >/dev/null", true},
		{"an artifact is read and run", "cat $ROOT/artifact/file && $ROOT/artifact/program", true},
		{"an artifact is not written", "echo x > $ROOT/artifact/file", false},
		{"nor added to", "touch $ROOT/artifact/new", false},
		{"nor removed", "rm $ROOT/artifact/file", false},
		{"a single file is read", "cat $ROOT/elsewhere/file", true},
		{"its folder is not", "ls $ROOT/elsewhere", false},
		{"the private folder is written", "cd $ROOT/private && mkdir -p a b && echo x > a/f && mv a/f b/f && ln b/f a/g && rm -r a b", true},
		{"data is closed", "cat $ROOT/data/token", false},
		{"also by a link", "ln -sf $ROOT/data/token $ROOT/private/link && cat $ROOT/private/link", false},
		{"also by another name of it", "cat /proc/self/root$ROOT/data/token", false},
		{"the temporary folder of all is closed", "ls /tmp", false},
		{"the system is not written", "touch /usr/confined", false},
		{"shared memory works", "echo x > /dev/shm/confine-$$ && cat /dev/shm/confine-$$ && rm /dev/shm/confine-$$", true},
		{"but does not list itself", "ls /dev/shm", false},
		{"disks are no files", "mknod $ROOT/private/disk b 8 0", false},
		{"nothing is mounted", "mount -t tmpfs none $ROOT/private", false},
	} {
		t.Run(test.rule, func(t *testing.T) {
			output, err := run(t, options, a, strings.ReplaceAll(test.script, "$ROOT", root))
			if (err == nil) != test.allowed {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}

func TestOtherProcesses(t *testing.T) {
	needLandlock(t)
	other := exec.Command("sleep", "1000")
	other.Env = []string{"PASSWORD=hunter2"}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	pid := fmt.Sprint(other.Process.Pid)
	for _, test := range []struct{ rule, script string }{
		{"their environment is closed", "cat /proc/" + pid + "/environ"},
		{"their memory is closed", "head -c 1 /proc/" + pid + "/mem"},
		{"their files are closed", "ls -l /proc/" + pid + "/fd"},
		{"this one's environment is closed", fmt.Sprintf("cat /proc/%d/environ", os.Getpid())},
	} {
		t.Run(test.rule, func(t *testing.T) {
			if output, err := run(t, confine.Options{}, aloft.Confinement{}, test.script); err == nil {
				t.Errorf("it printed %q", output)
			}
		})
	}
	t.Run("signals do not reach them", func(t *testing.T) {
		if confine.Support() < 6 {
			t.Skip("this kernel's Landlock knows no signals")
		}
		if output, err := run(t, confine.Options{}, aloft.Confinement{}, "kill -9 "+pid); err == nil {
			t.Errorf("it was killed: %s", output)
		}
	})
	t.Run("its own children are reached", func(t *testing.T) {
		if output, err := run(t, confine.Options{}, aloft.Confinement{}, "sleep 1000 & cat /proc/$!/environ >/dev/null && kill $!"); err != nil {
			t.Errorf("%v: %s", err, output)
		}
	})
}

// A server of root gives its children none of the powers that lead around the wall.
func TestCapabilities(t *testing.T) {
	needLandlock(t)
	if os.Geteuid() != 0 {
		t.Skip("only root has any")
	}
	output, err := run(t, confine.Options{}, aloft.Confinement{}, "grep CapEff /proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	const most = 0x00000000000004fb // chown, dac_override, fowner, fsetid, kill, setgid, setuid, net_bind_service
	var have uint64
	if _, err := fmt.Sscanf(strings.Fields(output)[1], "%x", &have); err != nil || have&^most != 0 {
		t.Errorf("capabilities %x (%v)", have, err)
	}
}

func TestNetworkIsOpen(t *testing.T) {
	needLandlock(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if connection, err := listener.Accept(); err == nil {
			fmt.Fprintln(connection, "hello")
			connection.Close()
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	output, err := run(t, confine.Options{}, aloft.Confinement{}, fmt.Sprintf("exec bash -c 'cat </dev/tcp/127.0.0.1/%d'", port))
	if err != nil || output != "hello\n" {
		t.Errorf("%q, %v", output, err)
	}
}

// Data below a folder of the system is left out of it.
func TestDataBelowTheSystem(t *testing.T) {
	open := confine.New(confine.Options{Closed: []string{"/usr/local/aloft"}}).Open()
	if slices.Contains(open, "/usr") || slices.Contains(open, "/usr/local") || !slices.Contains(open, "/usr/bin") {
		t.Errorf("open: %q", open)
	}
}
