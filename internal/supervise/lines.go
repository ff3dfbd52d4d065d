package supervise

import (
	"bytes"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	longestLine = 64 << 10 // bytes; a longer line is split
	recentLines = 50       // kept for Tail
	longestKept = 4 << 10  // bytes of each of them
)

// lines cuts a stream into lines.
type lines struct {
	emit    func(line []byte) // without the end of the line; valid during the call
	partial []byte
}

// Write takes everything and never fails.
func (l *lines) Write(data []byte) (int, error) {
	total := len(data)
	for len(data) > 0 {
		room := longestLine - len(l.partial)
		end := bytes.IndexByte(data[:min(room, len(data))], '\n')
		switch {
		case end >= 0:
			l.push(data[:end])
			data = data[end+1:]
		case len(data) >= room:
			l.push(data[:room])
			data = data[room:]
		default:
			l.partial = append(l.partial, data...)
			data = nil
		}
	}
	return total, nil
}

func (l *lines) push(rest []byte) {
	line := rest
	if len(l.partial) > 0 {
		l.partial = append(l.partial, rest...)
		line = l.partial
	}
	l.emit(bytes.TrimSuffix(line, []byte{'\r'}))
	l.partial = l.partial[:0]
}

// flush emits a last line that does not end.
func (l *lines) flush() {
	if len(l.partial) > 0 {
		l.push(nil)
	}
}

// ring keeps the newest lines.
type ring struct {
	mu    sync.Mutex
	lines []string
	next  int // where the next one goes, once full
}

func (r *ring) add(line []byte) {
	text := strings.ToValidUTF8(string(line[:min(len(line), longestKept)]), string(utf8.RuneError))
	if len(line) > longestKept {
		text += "…"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) < recentLines {
		r.lines = append(r.lines, text)
		return
	}
	r.lines[r.next] = text
	r.next = (r.next + 1) % recentLines
}

func (r *ring) last(n int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := append(append([]string{}, r.lines[r.next:]...), r.lines[:r.next]...)
	return all[max(0, len(all)-max(0, n)):]
}
