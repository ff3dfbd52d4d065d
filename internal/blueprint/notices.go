package blueprint

// RenderMapping is Render with the notices at the top of the README.
func (g Generator) RenderMapping(m Mapping) ([]File, error) {
	g.notices = m.Notices
	return g.Render(m.Choices)
}
