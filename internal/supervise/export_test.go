package supervise

// NewLines returns what cuts output into lines, for fuzzing.
func NewLines(emit func([]byte)) (write func([]byte), flush func()) {
	l := &lines{emit: emit}
	return func(data []byte) { _, _ = l.Write(data) }, l.flush
}
