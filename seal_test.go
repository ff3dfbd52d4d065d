package aloft_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestSealer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	sealer, err := aloft.OpenSealer(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := sealer.Seal([]byte("hunter2"), "shop/alice")
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Error("the sealed value can be read")
	}
	again, err := aloft.OpenSealer(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, "shop/alice"); err != nil || string(plain) != "hunter2" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := again.Open(sealed, "shop/bob"); err == nil {
		t.Error("a value sealed for one context opens for another")
	}
	one, other := sealer.Derive("sessions"), sealer.Derive("more sessions")
	if len(one) != aloft.SealKeySize || bytes.Equal(one, other) || !bytes.Equal(one, again.Derive("sessions")) {
		t.Error("derived keys are not the same for the same purpose only")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info.Mode(), err)
	}
	if _, err := aloft.NewSealer([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}
