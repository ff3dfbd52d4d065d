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
