package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/server"
)

// login is what the command remembers of a server, in a file of mode 0600.
type login struct {
	Token  string   `json:"token,omitempty"`  // "" = it is not known
	CA     string   `json:"ca,omitempty"`     // file with the authority of its certificate; "" = the system knows it
	Data   string   `json:"data,omitempty"`   // folder of the server that this user started here last; "" = none
	Others []string `json:"others,omitempty"` // tokens of other servers that were at this URL, the newest first
}

// maxOthers is how many tokens of other servers are kept for one URL.
const maxOthers = 10

// count makes a token the one that counts, "" for none. The one before is kept aside.
func (l *login) count(token string) {
	before := l.Token
	if before == token {
		return
	}
	l.drop(func(other string) bool { return other == token })
	if l.Token = token; before != "" {
		l.Others = slices.Insert(l.Others, 0, before)
	}
	l.Others = l.Others[:min(len(l.Others), maxOthers)]
}

// drop forgets tokens that are kept aside.
func (l *login) drop(worthless func(string) bool) {
	l.Others = slices.DeleteFunc(slices.Clone(l.Others), worthless)
}

// tokens lists what may be the token, the likeliest first.
func (l login) tokens() []string {
	if l.Token == "" {
		return l.Others
	}
	return append([]string{l.Token}, l.Others...)
}

type logins struct {
	Servers map[string]login `json:"servers"`
}

func configPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot find the folder for configuration: %w", err).WithHint("set HOME or XDG_CONFIG_HOME")
	}
	return filepath.Join(dir, "aloft", "config.json"), nil
}

func readLogins() (logins, error) {
	known := logins{Servers: map[string]login{}}
	file, err := configPath()
	if err != nil {
		return known, err
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return known, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	if err != nil {
		return known, aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", file, err).WithHint("remove the file, then: aloft login")
	}
	return known, nil
}

// write replaces the file.
func (l logins) write() error {
	file, err := configPath()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return aloft.ReplaceFile(file, append(data, '\n'), 0o600)
}

// changeLogin changes what is known of a server, and of all others where need be.
func changeLogin(server string, change func(known logins, l *login)) error {
	known, err := readLogins()
	if err != nil {
		return err
	}
	before := maps.Clone(known.Servers)
	l := known.Servers[server]
	change(known, &l)
	known.Servers[server] = l
	if maps.EqualFunc(before, known.Servers, login.same) {
		return nil
	}
	return known.write()
}

func (l login) same(other login) bool {
	return l.Token == other.Token && l.CA == other.CA && l.Data == other.Data && slices.Equal(l.Others, other.Others)
}

// remember keeps the token of a server, and the authority if one was told.
func remember(server, token, ca string) error {
	return changeLogin(server, func(_ logins, l *login) {
		l.count(token)
		l.CA = cmp.Or(ca, l.CA)
	})
}

// keyring lets servers that this user starts keep their tokens for them.
type keyring struct{}

// Keep implements server.Keyring.
func (keyring) Keep(at server.Place, token string, before api.Digest) (aside bool, err error) {
	worthless := func(known string) bool { return known != "" && api.DigestOf(known) == before }
	err = changeLogin(at.URL, func(known logins, l *login) {
		for url, other := range known.Servers {
			if other.drop(worthless); worthless(other.Token) {
				other.Token = token
			}
			known.Servers[url] = other
		}
		if l.drop(worthless); worthless(l.Token) {
			l.Token = token
		}
		aside = l.Token != "" && l.Token != token
		l.count(token)
		l.Data = at.Data
	})
	return aside, err
}

// Recall implements server.Keyring.
func (keyring) Recall(at server.Place, digest api.Digest) (known bool, err error) {
	err = changeLogin(at.URL, func(all logins, l *login) {
		var found string
		for _, other := range all.Servers {
			for _, token := range other.tokens() {
				if api.DigestOf(token) == digest {
					found = token
				}
			}
		}
		known = found != ""
		l.count(found)
		l.Data = at.Data
	})
	return known, err
}

// token finds the token of a server: environment, then what login remembered.
func token(server string) (string, error) {
	if fromEnv := os.Getenv("ALOFT_TOKEN"); fromEnv != "" {
		return fromEnv, nil
	}
	known, err := readLogins()
	if err != nil {
		return "", err
	}
	if found := known.Servers[server].Token; found != "" {
		return found, nil
	}
	return "", aloft.Errorf(aloft.CodeForbidden, "no token is known for %s", server).WithHint("%s", howToLogIn(server))
}

// howToLogIn says how to make a server know who calls.
func howToLogIn(server string) string {
	return fmt.Sprintf("aloft login --server %s, with the token that `aloft serve` showed at its first start; %s", server, lostToken(server))
}

// lostToken says how to make another token for a server: by its folder, where this
// machine knows it.
func lostToken(url string) string {
	data, note := folderOf(url)
	switch {
	case note.TokenFile != "":
		return "the server takes it from " + note.TokenFile
	case data != "":
		return "if it is lost, make another: aloft token reset --data " + data
	}
	if onThisMachine(url) {
		return "if it is lost, make another: aloft token reset --data DIR, with the data folder of the server"
	}
	return "if it is lost, make another on the machine of the server: aloft token reset --data DIR"
}

// folderOf returns the data folder of the server at a URL, where this user has started
// it or it is the usual one, and what it has noted; "" = this machine does not know.
func folderOf(url string) (string, server.Note) {
	known, _ := readLogins()
	started := known.Servers[url].Data
	for _, data := range []string{started, dataPath()} {
		note, err := server.NoteOf(data)
		if err == nil && (note.URL == url || note.URL == "" && data == started) {
			return data, note
		}
	}
	return "", server.Note{}
}

// onThisMachine reports whether a URL leads to this machine, whatever name services say.
func onThisMachine(server string) bool {
	address, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(address.Hostname())
	return address.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// authorityOf is the file with the authority of a server's certificate; "" = the
// system knows it.
func authorityOf(server string) (string, error) {
	known, err := readLogins()
	return known.Servers[server].CA, err
}
