package backup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// text is a name as the file system has it: any bytes. In JSON it is itself where it
// is UTF-8, and else an object that has it escaped, since JSON would replace what is not.
type text string

type escaped struct {
	Escaped string `json:"escaped"` // as in a string of Go
}

// MarshalJSON encodes t.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	quoted := strconv.Quote(string(t))
	return json.Marshal(escaped{quoted[1 : len(quoted)-1]})
}

// UnmarshalJSON decodes t.
func (t *text) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return json.Unmarshal(data, (*string)(t))
	}
	var e escaped
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	plain, err := strconv.Unquote(`"` + e.Escaped + `"`)
	*t = text(plain)
	return err
}

// shown is a name as people may see it: quoted where it has what a terminal or a log
// should not get, for apps choose the names of their files.
func shown(name string) string {
	if utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return name
	}
	return strconv.Quote(name)
}

// cause is why something failed, without the path, which may be anything.
func cause(err error) string {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	return err.Error()
}
