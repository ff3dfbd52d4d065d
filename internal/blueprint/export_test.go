package blueprint

// Workflow returns the workflow of choices, which need not be complete.
func (g Generator) Workflow(c Choices) File { return g.workflow(c.Complete()) }
