package blueprint

import "sync"

// memory keeps texts that take long to make and come again and again, by what
// they are made of. When it holds most of them it begins anew.
type memory struct {
	most int

	mu    sync.Mutex
	texts map[string]string
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
	if m.texts == nil || len(m.texts) >= m.most {
		m.texts = map[string]string{}
	}
	m.texts[key] = text
	return text
}
