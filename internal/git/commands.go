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
	refs     []string     // the names, as the client sent them
	features []string     // what the client can do
	raw      bytes.Buffer // as git wants to read them; without those above the limit
}

// readCommands reads the commands of a push, before a process is started for
// them. Of those above the limit only the names are kept, to answer for each.
func readCommands(body io.Reader, limit int) (*commands, error) {
	c := &commands{}
	body = io.LimitReader(body, commandRoom)
	for {
		payload, flush, err := readPacket(body)
		if err != nil {
			return nil, aloft.Errorf(aloft.CodeInvalid, "the push is not understood: %w", err)
		}
		if flush {
			return c, writeFlush(&c.raw)
		}
		if err := c.add(payload); err != nil {
			return nil, err
		}
		if len(c.refs) <= limit {
			if err := writePacket(&c.raw, payload); err != nil {
				return nil, err
			}
		}
	}
}

func (c *commands) add(payload []byte) error {
	line, features, first := strings.Cut(string(payload), "\x00")
	line = strings.TrimSuffix(line, "\n")
	if first && c.features == nil {
		c.features = strings.Fields(features)
	}
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
	return nil
}

// refusal is git's answer to a push none of whose refs moves: what the pusher is
// shown, and the reason for each ref.
func (c *commands) refusal(err error) []byte {
	var report, answer bytes.Buffer
	reason := oneLine(err.Error())
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
	text := " !     " + oneLine(err.Error()) + "\n"
	if hint := aloft.ErrorHint(err); hint != "" {
		text += " !     → " + oneLine(hint) + "\n"
	}
	return []byte(text)
}
