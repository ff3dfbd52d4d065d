package aloft_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/aloft-dev/aloft"
)

// inMounts marks a test that runs once more, with mounts of its own.
const inMounts = "ALOFT_TEST_MOUNTS"

func stubborn(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aloft-folder-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aloft.RemoveFolder(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "folder")
}

func fill(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"a/b/file", "a/\xff/file", "c/file"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

func gone(t *testing.T, dir string) {
	t.Helper()
	if err := aloft.RemoveFolder(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestRemoveFolder(t *testing.T) {
	t.Run("that is not there", func(t *testing.T) { gone(t, filepath.Join(t.TempDir(), "a", "b")) })
	t.Run("without rights", func(t *testing.T) {
		dir := stubborn(t)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			asNobody(t, filepath.Dir(dir))
			fill(t, dir)
			for _, name := range []string{"a/b", "a/\xff", "a", "c", "."} {
				if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
					t.Error(err)
				}
			}
			if err := os.RemoveAll(dir); err == nil {
				t.Error("nothing keeps it")
			}
			gone(t, dir)
		}()
		<-ended
	})
	t.Run("with links out of it", func(t *testing.T) {
		dir, outside := stubborn(t), t.TempDir()
		fill(t, dir)
		fill(t, outside)
		if err := errors.Join(os.Symlink(outside, filepath.Join(dir, "link")), os.Chmod(filepath.Join(outside, "a"), 0o500)); err != nil {
			t.Fatal(err)
		}
		gone(t, dir)
		if info, err := os.Stat(filepath.Join(outside, "a")); err != nil || info.Mode().Perm() != 0o500 {
			t.Errorf("outside was changed: %v, %v", info, err)
		}
	})
	t.Run("that cannot be changed", func(t *testing.T) {
		dir := stubborn(t)
		fill(t, dir)
		for _, args := range [][]string{{"+i", dir + "/a/b/file"}, {"+a", dir + "/c/file"}, {"+i", dir + "/c"}, {"+i", dir + "/a/b"}, {"+i", dir}} {
			if out, err := exec.Command("chattr", args...).CombinedOutput(); err != nil {
				t.Skipf("needs chattr, root and a file system that knows it: %s", out)
			}
		}
		if err := os.RemoveAll(dir); err == nil {
			t.Error("nothing keeps it")
		}
		gone(t, dir)
	})
}

// asNobody gives the thread of a goroutine, which ends with it, the rights of a
// user without any.
func asNobody(t *testing.T, dir string) {
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	if err := errors.Join(os.Chown(dir, nobody, nobody), syscall.Setfsuid(nobody)); err != nil {
		t.Error(err)
	}
}

func TestRemoveFolderUnmounts(t *testing.T) {
	if os.Getenv(inMounts) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRemoveFolderUnmounts$", "-test.v")
		cmd.Env = append(os.Environ(), inMounts+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}}
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) {
			t.Skipf("needs mounts of its own: %v", err)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	dir, outside := stubborn(t), t.TempDir()
	fill(t, dir)
	fill(t, outside)
	point := filepath.Join(dir, "a b")
	if err := errors.Join(os.Mkdir(point, 0o700), syscall.Mount(outside, point, "", syscall.MS_BIND, ""),
		syscall.Mount("tmpfs", filepath.Join(point, "c"), "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	gone(t, dir)
	if _, err := os.Stat(filepath.Join(outside, "a", "b", "file")); err != nil {
		t.Errorf("what was mounted is removed: %v", err)
	}
}
