package git

import (
	"bytes"
	"io"
)

// CheckPath is checkPath.
var CheckPath = checkPath

// ReadCommands reads the commands of a push: the names of its refs, what git
// would be given, and the answer that refuses them.
func ReadCommands(body io.Reader, limit int, reason error) (refs []string, raw, refusal []byte, err error) {
	c, err := readCommands(body, limit)
	if err != nil {
		return nil, nil, nil, err
	}
	return c.refs, c.raw.Bytes(), c.refusal(reason), nil
}

// ReadSection reads packets up to the flush packet that ends them.
var ReadSection = readSection

// Relay hands an answer of git's on, with the explanations of Options' limits.
func Relay(answer io.Reader) ([]byte, error) {
	var out bytes.Buffer
	err := newRelay(&out, new(Options).explain).copy(answer)
	return out.Bytes(), err
}
