package terraform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// journal is what an engine told of its applies, read afterwards.
type journal struct {
	created []identified // in the order of their creation, less what was destroyed again
	begun   []string     // addresses whose creation told no end
}

// identified is a created resource with the attribute that its ID was taken from.
type identified struct {
	aloft.CreatedResource
	key string
}

// readJournal reads the file of a Configuration's Journal. One that is not there
// tells nothing, and so does a line that was cut off.
func readJournal(path string) (journal, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return journal{}, fmt.Errorf("cannot read the journal of an apply: %w", err)
	}
	return parseJournal(data), nil
}

func parseJournal(data []byte) journal {
	var j journal
	for line := range bytes.Lines(data) {
		var m message
		if json.Unmarshal(line, &m) == nil && m.Hook != nil {
			j.note(m.Type, *m.Hook)
		}
	}
	return j
}

func (j *journal) note(kind string, h resourceMessage) {
	address := h.Resource.Address
	switch {
	case kind == "apply_start" && h.Action == "create":
		j.begun = append(j.begun, address)
	case kind == "apply_start" && h.Action == "delete":
		j.drop(address, h.IDValue) // what remains of one that fails is in the state
	case kind == "apply_complete" && h.Action == "create":
		j.end(address)
		made := aloft.CreatedResource{Address: address, ID: h.IDValue}
		j.created = append(j.created, identified{made, h.IDKey})
	case kind == "apply_errored" && h.Action == "create":
		j.end(address)
	}
}

func (j *journal) end(address string) {
	j.begun = slices.DeleteFunc(j.begun, func(a string) bool { return a == address })
}

func (j *journal) drop(address, id string) {
	j.created = slices.DeleteFunc(j.created, func(c identified) bool { return c.Address == address && c.ID == id })
}

// condense leaves of a journal what it tells of resources: errors, and what
// provisioners print, quote values that may be secret.
func condense(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read the journal of an apply: %w", err)
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(data) {
		var m message
		if json.Unmarshal(line, &m) == nil && m.Hook != nil && strings.HasPrefix(m.Type, "apply_") {
			kept.Write(line)
		}
	}
	return aloft.ReplaceFile(path, kept.Bytes(), 0o600)
}
