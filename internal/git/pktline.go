package git

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	aloft "github.com/aloft-dev/aloft"
)

// maxPacket is the largest payload of a pkt-line, in bytes.
const maxPacket = 65516

// writePacket writes one pkt-line.
func writePacket(w io.Writer, payload []byte) error {
	if len(payload) > maxPacket {
		return fmt.Errorf("a packet of %d bytes is too long", len(payload))
	}
	_, err := w.Write(append(fmt.Appendf(nil, "%04x", len(payload)+4), payload...))
	return err
}

// writeFlush writes the packet that ends a section.
func writeFlush(w io.Writer) error {
	_, err := io.WriteString(w, "0000")
	return err
}

// readSection reads packets up to the flush packet that ends them, each without
// its final newline.
func readSection(r io.Reader) ([]string, error) {
	var packets []string
	for {
		payload, flush, err := readPacket(r)
		if err != nil || flush {
			return packets, err
		}
		packets = append(packets, strings.TrimSuffix(string(payload), "\n"))
	}
}

func readPacket(r io.Reader) (payload []byte, flush bool, err error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, false, fmt.Errorf("cannot read the size of a packet: %w", err)
	}
	if bytes.ContainsAny(size[:], "+-_") {
		return nil, false, fmt.Errorf("%q is not the size of a packet", size[:])
	}
	n, err := strconv.ParseUint(string(size[:]), 16, 16)
	if err != nil {
		return nil, false, fmt.Errorf("%q is not the size of a packet", size[:])
	}
	if n == 0 {
		return nil, true, nil
	}
	if n < 4 || n > maxPacket+4 {
		return nil, false, fmt.Errorf("a packet cannot have %d bytes", n)
	}
	payload = make([]byte, n-4)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, false, fmt.Errorf("cannot read a packet of %d bytes: %w", n, err)
	}
	return payload, false, nil
}

// parseUpdate reads one command of a push: "old new ref", where an id of zeros
// stands for none.
func parseUpdate(line string) (aloft.RefUpdate, error) {
	fields := strings.SplitN(line, " ", 3)
	if len(fields) != 3 || !hexID.MatchString(fields[0]) || !hexID.MatchString(fields[1]) || len(fields[0]) != len(fields[1]) {
		return aloft.RefUpdate{}, fmt.Errorf("%q is not a command of a push", line)
	}
	update := aloft.RefUpdate{Ref: fields[2], Old: fields[0], New: fields[1]}
	if !strings.HasPrefix(update.Ref, "refs/") {
		return aloft.RefUpdate{}, fmt.Errorf("%q is not the name of a ref", update.Ref)
	}
	if zero(update.Old) {
		update.Old = ""
	}
	if zero(update.New) {
		update.New = ""
	}
	return update, nil
}
