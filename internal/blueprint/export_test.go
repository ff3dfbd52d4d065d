package blueprint

import "io/fs"

// Workflow returns the workflow of choices, which need not be complete.
func (g Generator) Workflow(c Choices) File { return g.workflow(c.Complete()) }

// AzureMain returns terraform/main.tf of complete choices, and its modules.
func AzureMain(c Choices) (string, []string) { return azureMain(c) }

// AzureVariables returns terraform/variables.tf of complete choices.
func AzureVariables(c Choices) string { return variablesFile(azureInputs(c)) }

// AzureOutputs returns terraform/outputs.tf of complete choices.
func AzureOutputs(c Choices) string { return azureOutputs(c) }

// ModuleFS returns the modules of a target.
func ModuleFS(target string) fs.FS {
	sub, err := fs.Sub(embedded, "modules/"+target)
	if err != nil {
		panic(err)
	}
	return sub
}

// Namespaces returns what a module needs registered in a subscription, sorted.
func Namespaces(module string) []string { return namespaces([]string{module}) }

// NewMemory returns the function of a memory of that many bytes.
func NewMemory(most int) func(key string, write func() string) string {
	return (&memory{most: most}).text
}

// MergeTerraform is MergeFolder for a folder of one file.
func MergeTerraform(name, base, yours, next string) (string, []Conflict, error) {
	one := func(text string) map[string]string { return map[string]string{name: text} }
	merged, err := MergeFolder(Folder{Base: one(base), Yours: one(yours), Next: one(next)})
	return merged.Texts[name], merged.Conflicts[name], err
}

// NewFaults returns what an engine would refuse after a change and not before it.
func NewFaults(before, after map[string]string) []string {
	was := survey(before, nil, nil)
	var list []string
	for _, f := range was.newFaults(before, survey(after, was, before), after) {
		list = append(list, f.String())
	}
	return list
}
