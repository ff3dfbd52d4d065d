package terraform

import (
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/aloft-dev/aloft"
)

// backendRecord is the engine's note in the data folder of which backend is used.
const backendRecord = "terraform.tfstate"

// maxSeeds is how many seeds are remembered before all are forgotten.
const maxSeeds = 100

// seeds remember, by what init depends on, the data folders that init left with
// nothing in them but the record of Aloft's own backend. That says nothing of the
// environment, whose address and password come in variables: the next environment
// with the same key gets a copy and spares a start of the engine.
type seeds struct {
	mu    sync.Mutex
	byKey map[string]map[string][]byte // files of a data folder
}

func newSeeds() *seeds { return &seeds{byKey: map[string]map[string][]byte{}} }

// learn remembers a data folder that was just initialized for key.
func (s *seeds) learn(c aloft.Configuration, key string) {
	if s == nil || c.Backend.Type != backendHTTP || exists(filepath.Join(c.Dir, lockName)) {
		return
	}
	entries, err := os.ReadDir(dataDir(c))
	if err != nil {
		return
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if name := entry.Name(); name == keyFile || name == backendRecord {
			if files[name], err = os.ReadFile(filepath.Join(dataDir(c), name)); err != nil {
				return
			}
		} else if slices.Contains(engineFiles, name) {
			return // providers or modules, which are too large to be kept, or know where they are
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byKey) >= maxSeeds {
		clear(s.byKey)
	}
	s.byKey[key] = files
}

// plant gives an empty data folder what is remembered for key. It is false when
// there is nothing to give.
func (s *seeds) plant(c aloft.Configuration, key string) bool {
	if s == nil || c.Backend.Type != backendHTTP || forgettable(c) {
		return false
	}
	s.mu.Lock()
	files := s.byKey[key]
	s.mu.Unlock()
	for _, name := range []string{backendRecord, keyFile} { // the key last
		if data, ok := files[name]; ok && aloft.ReplaceFile(filepath.Join(dataDir(c), name), data, 0o600) != nil {
			_ = forget(c) // init makes it, and says what is wrong
			return false
		}
	}
	return len(files) > 0
}
