package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// Keyring is what a user of this machine knows of the tokens of servers. One user may
// start servers with several data folders at the same address, one after another: no
// token of one takes the place of another's for good.
type Keyring interface {
	// Keep makes a token the one that counts at a place, and everywhere else where the
	// one before it counted. The token of another server is kept aside, which aside
	// reports.
	Keep(at Place, token string, before api.Digest) (aside bool, err error)
	// Recall makes a token that is known, from here or elsewhere, the one that counts
	// at a place. Where it is not known, none counts there.
	Recall(at Place, digest api.Digest) (known bool, err error)
}

// Place is where a server answers, and the folder on this machine that it works with.
type Place struct{ URL, Data string }

// addressFile in the data folder is the server's note of itself.
const addressFile = "address"

// Note is what a server has noted of itself in its data folder, for those who have
// nothing but that.
type Note struct {
	URL       string // where it was to be reached last; "" = it has not said so
	TokenFile string // the file that it took its token from; "" = it has its own
}

func (n Note) text() string { return strings.TrimSpace(n.URL+"\n"+n.TokenFile) + "\n" }

// NoteOf returns the note of the server with this data folder. A folder without a
// server is CodeNotFound.
func NoteOf(data string) (Note, error) {
	if _, err := os.Stat(filepath.Join(data, "seal.key")); err != nil {
		return Note{}, aloft.Errorf(aloft.CodeNotFound, "there is no data of a server in %s", data).WithHint("name its folder with --data")
	}
	content, err := os.ReadFile(filepath.Join(data, addressFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Note{}, fmt.Errorf("cannot read where the server of %s answers: %w", data, err)
	}
	url, file, _ := strings.Cut(strings.TrimSpace(string(content)), "\n")
	return Note{url, file}, nil
}

// writeNote keeps the note, unless it says so already.
func (s *Server) writeNote() (err error) {
	note := Note{URL: s.URL()}
	if file := s.options.TokenFile; file != "" {
		if note.TokenFile, err = filepath.Abs(file); err != nil {
			return err
		}
	}
	if before, err := NoteOf(s.options.Data); err != nil || before == note {
		return err
	}
	return aloft.ReplaceFile(s.path(addressFile), []byte(note.text()), 0o600)
}

func (s *Server) place() Place { return Place{s.URL(), s.options.Data} }

// recallToken looks whether the user who starts the server knows its token.
func (s *Server) recallToken() {
	if s.options.Keyring == nil {
		return
	}
	digest, err := s.kept.read()
	if err != nil {
		return // whoever takes it over says so
	}
	known, err := s.options.Keyring.Recall(s.place(), digest)
	s.logError("find out whether your aloft knows the server's token", err)
	s.forgotten = err == nil && !known
}
