package detect

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Limits of an element: how deep it may stand, and how much of its text counts.
const (
	maxDepth = 200
	maxText  = 4096
)

// placed is the part of an error that tells its line, which we tell ourselves.
var placed = regexp.MustCompile(`^XML syntax error on line \d+: `)

// element is an element of an XML file with its line. Methods of a nil element
// answer as an absent one does.
type element struct {
	name     string
	line     int
	text     string
	attrs    map[string]string
	children []*element
}

// readXML returns the root of an XML file, or nil when there is no such file.
func (f *folder) readXML(name string) (*element, error) {
	data, err := f.read(name)
	if data == nil || err != nil {
		return nil, err
	}
	root, line, err := parseXML(data)
	if err != nil {
		return nil, f.malformed(name, line, err)
	}
	return root, nil
}

// parseXML returns the root, or the line of the fault.
func parseXML(data []byte) (*element, int, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.CharsetReader = latin1
	var root *element
	var open []*element
	for {
		line, _ := decoder.InputPos()
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && root != nil {
			return root, 0, nil
		}
		if err != nil {
			line, _ = decoder.InputPos()
			return nil, line, errors.New(placed.ReplaceAllString(err.Error(), ""))
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, line: line, attrs: map[string]string{}}
			for _, attr := range token.Attr {
				e.attrs[attr.Name.Local] = attr.Value
			}
			switch {
			case len(open) >= maxDepth:
				return nil, line, fmt.Errorf("more than %d elements nest here", maxDepth)
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			case root == nil:
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if e := len(open) - 1; e >= 0 && len(open[e].text) < maxText {
				open[e].text += string(bytes.TrimSpace(token))
			}
		}
	}
}

// latin1 reads the encodings that old files declare.
func latin1(charset string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "utf8", "us-ascii":
		return input, nil
	case "iso-8859-1", "iso-8859-15", "windows-1252", "latin1":
		return &latin1Reader{bytes: bufio.NewReader(input)}, nil
	}
	return nil, fmt.Errorf("its encoding %q is not known: save it as UTF-8", charset)
}

// latin1Reader turns each byte into the character of that number.
type latin1Reader struct {
	bytes *bufio.Reader
	rest  []byte
}

// Read implements io.Reader.
func (r *latin1Reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		b, err := r.bytes.ReadByte()
		if err != nil {
			return 0, err
		}
		r.rest = []byte(string(rune(b)))
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// get returns the first element under the names, one below the other, or nil.
func (e *element) get(names ...string) *element {
	for _, name := range names {
		list := e.all(name)
		if len(list) == 0 {
			return nil
		}
		e = list[0]
	}
	return e
}

// all returns the children of a name.
func (e *element) all(name string) []*element {
	if e == nil {
		return nil
	}
	var list []*element
	for _, child := range e.children {
		if child.name == name {
			list = append(list, child)
		}
	}
	return list
}

// find returns the first element of a name at any depth, or nil.
func (e *element) find(name string) *element {
	if e == nil {
		return nil
	}
	for _, child := range e.children {
		if child.name == name {
			return child
		}
		if below := child.find(name); below != nil {
			return below
		}
	}
	return nil
}

func (e *element) string() string {
	if e == nil {
		return ""
	}
	return e.text
}

func (e *element) at() int {
	if e == nil {
		return 0
	}
	return e.line
}
