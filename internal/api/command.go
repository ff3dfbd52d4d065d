package api

import (
	"context"
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/aloft-dev/aloft"
)

// CommandPiece is a line of the answer of a command run in an app: a piece of
// its output, or how it ended, which is the last line.
type CommandPiece struct {
	Output string   `json:"output,omitempty"`
	Exit   *int     `json:"exit,omitempty"`
	Error  *Problem `json:"error,omitempty"` // it could not be run to its end
}

type commandInput struct {
	EnvironmentPath
	Body struct {
		App  string   `json:"app,omitempty" doc:"Name of the app; default: the only one"`
		Args []string `json:"args" minItems:"1" doc:"The program and its arguments"`
	}
}

func (s *Server) runCommand(ctx context.Context, in *commandInput) (*stream, error) {
	app, err := s.appOf(ctx, in.key(), in.Body.App)
	if err != nil {
		return nil, err
	}
	return s.stream(jsonLines, func(ctx context.Context, w io.Writer) error {
		lines := &commandLines{encoder: json.NewEncoder(w)}
		exit, err := s.Apps.Run(ctx, in.key(), app, in.Body.Args, lines)
		if err != nil && (!lines.begun || ctx.Err() != nil) {
			return err
		}
		if err != nil {
			return lines.end(CommandPiece{Error: s.problemFor(err)})
		}
		return lines.end(CommandPiece{Exit: &exit})
	}), nil
}

// appOf returns the app that is meant: the named one, or the only one.
func (s *Server) appOf(ctx context.Context, key aloft.EnvironmentKey, name string) (string, error) {
	if name != "" {
		return name, aloft.ValidateAppName(name)
	}
	releases, err := s.Store.Releases(ctx, key)
	if err != nil {
		return "", err
	}
	return oneApp(key, releases)
}

// commandLines turns output into lines of JSON. JSON text is UTF-8: a character
// that is cut in two by the end of a piece waits for the next one.
type commandLines struct {
	encoder *json.Encoder
	rest    []byte
	begun   bool
}

// Write sends data.
func (c *commandLines) Write(data []byte) (int, error) {
	text := append(c.rest, data...)
	cut := len(text) - unfinished(text)
	c.rest = append([]byte(nil), text[cut:]...)
	if cut == 0 {
		return len(data), nil
	}
	c.begun = true
	if err := c.encoder.Encode(CommandPiece{Output: string(text[:cut])}); err != nil {
		return 0, err
	}
	return len(data), nil
}

func (c *commandLines) end(last CommandPiece) error {
	if len(c.rest) > 0 {
		if err := c.encoder.Encode(CommandPiece{Output: string(c.rest)}); err != nil {
			return err
		}
	}
	return c.encoder.Encode(last)
}

// unfinished returns how many bytes at the end of text begin a character that
// is not complete.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
