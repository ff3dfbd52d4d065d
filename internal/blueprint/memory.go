package blueprint

import "sync"

// memory keeps texts that take long to make and come again and again, by what
// they are made of. When that and they have most bytes it begins anew: anybody may
// ask a server for texts.
type memory struct {
	most int

	mu    sync.Mutex
	texts map[string]string
	size  int
}

// text returns the text of a key, made by write unless it is known.
func (m *memory) text(key string, write func() string) string {
	m.mu.Lock()
	text, known := m.texts[key]
	m.mu.Unlock()
	if known {
		return text
	}
	text = write()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.texts == nil || m.size > m.most {
		m.texts, m.size = map[string]string{}, 0
	}
	m.texts[key] = text
	m.size += len(key) + len(text)
	return text
}
