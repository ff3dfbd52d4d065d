package merge

// NewFaults returns what an engine would refuse after a change and not before it.
func NewFaults(before, after map[string]string) []string {
	was := survey(before, nil, nil)
	var list []string
	for _, f := range was.newFaults(before, survey(after, was, before), after) {
		list = append(list, f.String())
	}
	return list
}
