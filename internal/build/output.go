package build

import (
	"bytes"
	"io"
)

const longestLine = 64 << 10 // bytes; a longer line is split

// indented writes whole lines, each indented below its command. Of a line that
// was drawn over and over (progress bars) the last state is left. A reader that
// has gone does not stop the build.
type indented struct {
	w       io.Writer
	partial []byte
	gone    bool
}

func (o *indented) Write(data []byte) (int, error) {
	total := len(data)
	for {
		line, rest, found := bytes.Cut(data, []byte{'\n'})
		o.partial = append(o.partial, line...)
		if found || len(o.partial) > longestLine {
			o.flush()
		}
		if !found {
			return total, nil
		}
		data = rest
	}
}

func (o *indented) flush() {
	line := bytes.TrimRight(o.partial, "\r")
	if last := bytes.LastIndexByte(line, '\r'); last >= 0 {
		line = line[last+1:]
	}
	if !o.gone && len(line) > 0 {
		_, err := o.w.Write(append(append([]byte("  "), line...), '\n'))
		o.gone = err != nil
	}
	o.partial = o.partial[:0]
}
