package supervise

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"
)

// kept is what the files hold of an app's log at one moment, oldest first.
type kept struct {
	app   string
	files []keptFile
}

type keptFile struct {
	*os.File
	size int64
}

func (k kept) close() {
	for _, f := range k.files {
		f.Close()
	}
}

// snapshot opens the kept logs of an app, or of all. The caller holds the lock.
func (h *hub) snapshot(app string) ([]kept, error) {
	apps := []string{app}
	if app == "" {
		apps = nil
		found, err := os.ReadDir(h.dir)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		for _, entry := range found {
			if app, ok := strings.CutSuffix(entry.Name(), ".log"); ok {
				apps = append(apps, app)
			}
		}
	}
	var all []kept
	for _, app := range slices.Sorted(slices.Values(apps)) {
		k := kept{app: app}
		for n := h.maxFiles - 1; n >= 0; n-- {
			file, err := os.Open(numbered(h.path(app), n))
			if os.IsNotExist(err) {
				continue
			}
			if err != nil {
				closeAll(append(all, k))
				return nil, err
			}
			size, _ := file.Seek(0, io.SeekEnd) // 0 on failure: nothing of it is shown
			k.files = append(k.files, keptFile{file, size})
		}
		if len(k.files) > 0 {
			all = append(all, k)
		}
	}
	return all, nil
}

// writeKept writes the last lines of each log (0 = all), merged by time. With
// name the app stands before the process.
func writeKept(ctx context.Context, w io.Writer, logs []kept, lines int, name bool) error {
	var sources []*cursor
	for _, k := range logs {
		s := &cursor{kept: k, text: bufio.NewReaderSize(k.last(lines), 64<<10)}
		if s.next(name) {
			sources = append(sources, s)
		}
	}
	out := bufio.NewWriterSize(w, 64<<10)
	for len(sources) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		first := slices.MinFunc(sources, func(a, b *cursor) int { return bytes.Compare(a.stamp(), b.stamp()) })
		if _, err := out.Write(first.line); err != nil {
			return err
		}
		if !first.next(name) {
			sources = slices.DeleteFunc(sources, func(s *cursor) bool { return s == first })
		}
	}
	return out.Flush()
}

// cursor walks through the log of one app.
type cursor struct {
	kept
	text *bufio.Reader
	line []byte
}

func (c *cursor) next(name bool) bool {
	line, err := c.text.ReadBytes('\n')
	if len(line) == 0 && err != nil {
		return false
	}
	if err != nil {
		line = append(line, '\n') // cut off by a crash
	}
	c.line = line
	if name {
		c.line = withApp(c.app, line)
	}
	return true
}

func (c *cursor) stamp() []byte { return c.line[:min(len(c.line), len(stampLayout))] }

// last returns the last lines of the log; 0 = all of it.
func (k kept) last(lines int) io.Reader {
	var parts []io.Reader
	left := lines
	for _, f := range slices.Backward(k.files) {
		start := int64(0)
		if lines > 0 {
			var found int
			start, found = lastLines(f, f.size, left)
			left -= found
		}
		parts = append(parts, io.NewSectionReader(f, start, f.size-start))
		if lines > 0 && left == 0 {
			break
		}
	}
	slices.Reverse(parts)
	return io.MultiReader(parts...)
}

// lastLines returns where the last n lines of a text begin, and how many lines
// there are from there.
func lastLines(text io.ReaderAt, size int64, n int) (start int64, found int) {
	const chunk = 32 << 10
	buffer := make([]byte, chunk)
	for end := size; end > 0; {
		begin := max(0, end-chunk)
		part := buffer[:end-begin]
		if _, err := text.ReadAt(part, begin); err != nil {
			return end, found // the file shrank under us
		}
		for i := len(part) - 1; i >= 0; i-- {
			if part[i] != '\n' || begin+int64(i) == size-1 {
				continue
			}
			found++
			if found == n {
				return begin + int64(i) + 1, found
			}
		}
		end = begin
	}
	if size > 0 {
		found++
	}
	return 0, found
}
