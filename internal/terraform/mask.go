package terraform

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// What stands for values that cannot be shown.
const (
	masked  = "(sensitive)"
	unknown = "(known after apply)"
)

// minSecret is the length in bytes from which a sensitive text is masked
// wherever it occurs. Shorter ones would mask half of every log and are masked
// in their own place only.
const (
	minSecret       = 4
	minSecretNumber = 6 // digits
)

var secretName = regexp.MustCompile(`(?i)secret|password|token|key|credential`)

// secrets are texts that are masked wherever they occur.
type secrets []string

// secretsOf returns the secrets that c brings: the password of the backend and
// the variables whose names say so.
func secretsOf(c aloft.Configuration) secrets {
	var s secrets
	s.add(c.Backend.Password)
	for name, value := range c.Env {
		if secretName.MatchString(name) {
			s.add(value)
		}
	}
	return s.sorted()
}

func (s *secrets) add(text string) {
	if len(text) >= minSecret {
		*s = append(*s, text)
	}
}

// addValue adds every text and every long number in a decoded JSON value.
func (s *secrets) addValue(value any) {
	switch value := value.(type) {
	case string:
		s.add(value)
	case json.Number:
		if len(value) >= minSecretNumber {
			s.add(value.String())
		}
	case []any:
		for _, item := range value {
			s.addValue(item)
		}
	case map[string]any:
		for _, item := range value {
			s.addValue(item)
		}
	}
}

// sorted returns the secrets, longest first, so that none is masked in part.
func (s secrets) sorted() secrets {
	slices.SortFunc(s, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(s)
}

// scrub masks the secrets in text.
func (s secrets) scrub(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, masked)
	}
	return text
}
