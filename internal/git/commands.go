package git

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	aloft "github.com/aloft-dev/aloft"
)

// commands is the part of a push before its pack: which refs it wants where.
type commands struct {
	refs     []string          // the names, as the client sent them
	updates  []aloft.RefUpdate // of those within the limit
	features []string          // what the client can do
	options  []string          // push options
	raw      bytes.Buffer      // as git wants to read them; without those above the limit
}

// readCommands reads the commands and options of a push, before a process is
// started for them. Of commands above the limit only the names are kept, to answer
// for each.
func readCommands(body io.Reader, limit int) (*commands, error) {
	c := &commands{}
	body = io.LimitReader(body, commandRoom)
	if err := c.section(body, func(payload []byte) error { return c.add(payload, limit) }); err != nil {
		return nil, err
	}
	if len(c.refs) > limit || !slices.Contains(c.features, "push-options") {
		return c, nil
	}
	return c, c.section(body, func(payload []byte) error {
		c.options = append(c.options, strings.TrimSuffix(string(payload), "\n"))
		return writePacket(&c.raw, payload)
	})
}

// section reads packets up to the flush packet that ends them, which it keeps.
func (c *commands) section(body io.Reader, add func(payload []byte) error) error {
	for {
		payload, flush, err := readPacket(body)
		if err != nil {
			return aloft.Errorf(aloft.CodeInvalid, "the push is not understood: %w", err)
		}
		if flush {
			return writeFlush(&c.raw)
		}
		if err := add(payload); err != nil {
			return err
		}
	}
}

func (c *commands) add(payload []byte, limit int) error {
	if err := c.parse(payload, limit); err != nil || len(c.refs) > limit {
		return err
	}
	return writePacket(&c.raw, payload)
}

func (c *commands) parse(payload []byte, limit int) error {
	line, features, _ := strings.Cut(string(payload), "\x00")
	line = strings.TrimSuffix(line, "\n")
	c.features = append(c.features, strings.Fields(features)...) // git takes those of every line
	if strings.HasPrefix(line, "shallow ") {
		return nil
	}
	if strings.HasPrefix(line, "push-cert") {
		return aloft.Errorf(aloft.CodeInvalid, "signed pushes are not taken").WithHint("push with --no-signed")
	}
	update, err := parseUpdate(line)
	if err != nil {
		return aloft.Errorf(aloft.CodeInvalid, "the push is not understood: %w", err)
	}
	c.refs = append(c.refs, strings.Clone(update.Ref))
	if len(c.refs) <= limit {
		c.updates = append(c.updates, update)
	}
	return nil
}

// divisible refuses an atomic push that cannot be one: of several refs, of which
// a branch moves when its own run has succeeded, whatever becomes of the others.
func (c *commands) divisible() error {
	branch := slices.IndexFunc(c.refs, func(ref string) bool { return strings.HasPrefix(ref, heads) })
	if len(c.refs) < 2 || branch < 0 || !slices.Contains(c.features, "atomic") {
		return nil
	}
	return aloft.Errorf(aloft.CodeInvalid, "a branch cannot be pushed atomically with other refs: each moves when its own run succeeds").
		WithHint("nothing was made or moved; push %s by itself, or leave --atomic out", strings.TrimPrefix(c.refs[branch], heads))
}

// refusal is git's answer to a push none of whose refs moves: what the pusher is
// shown, and the reason for each ref.
func (c *commands) refusal(err error) []byte {
	var report, answer bytes.Buffer
	first, _, _ := strings.Cut(err.Error(), "\n")
	reason := oneLine(first)
	fmt.Fprintf(&report, "%04xunpack %s\n", len("unpack \n")+4+len(reason), reason)
	for _, ref := range c.refs {
		if line := "ng " + ref + " refused\n"; len(line) <= maxPacket {
			_ = writePacket(&report, []byte(line))
		}
	}
	_ = writeFlush(&report)
	if !slices.Contains(c.features, "side-band-64k") {
		return report.Bytes()
	}
	writeBand(&answer, progressBand, alarm(err))
	writeBand(&answer, dataBand, report.Bytes())
	_ = writeFlush(&answer)
	return answer.Bytes()
}

// The bands of git's answer to a push.
const (
	dataBand     = 1 // the report
	progressBand = 2 // what the pusher is shown
)

// writeBand writes text on a band, in as many packets as it takes.
func writeBand(w *bytes.Buffer, band byte, text []byte) {
	for piece := range slices.Chunk(text, maxPacket-1) {
		_ = writePacket(w, append([]byte{band}, piece...))
	}
}

// alarm writes an error as the log of a run would.
func alarm(err error) []byte {
	var text strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(err.Error()), "\n") {
		text.WriteString(" !     " + oneLine(line) + "\n")
	}
	if hint := aloft.ErrorHint(err); hint != "" {
		text.WriteString(" !     → " + oneLine(hint) + "\n")
	}
	return []byte(text.String())
}
