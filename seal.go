package aloft

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Sealer encrypts what must not lie readable on a disk: states, passwords,
// variables. It is AES-256-GCM with random nonces; every value is bound to a
// context (such as a state key), so that one sealed value cannot stand in for
// another.
type Sealer struct {
	aead cipher.AEAD
	key  []byte
}

// SealKeySize is the size of a sealing key in bytes.
const SealKeySize = 32

// NewSealer returns a Sealer with the given key of SealKeySize bytes.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != SealKeySize {
		return nil, fmt.Errorf("a sealing key has %d bytes, not %d", SealKeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead, bytes.Clone(key)}, nil
}

// OpenSealer reads the key at path, which it creates (mode 0600) when there is
// no file. Whoever loses the file loses what was sealed with it.
func OpenSealer(path string) (*Sealer, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key = make([]byte, SealKeySize)
		rand.Read(key)
		err = writeNew(path, key)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the sealing key: %w", err)
	}
	return NewSealer(key)
}

// Seal encrypts plain for the given context.
func (s *Sealer) Seal(plain []byte, context string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(context))
}

// Open decrypts what Seal returned for the same context.
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("cannot open the sealed value of %s: it was changed, or sealed with another key", context)
	}
	return plain, nil
}

// Derive returns another secret key of SealKeySize bytes, always the same for a
// purpose.
func (s *Sealer) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, s.key, nil, purpose, SealKeySize)
	if err != nil {
		panic(err) // only for a key that is longer than the hash allows
	}
	return key
}

// writeNew creates path whole or not at all.
func writeNew(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}
