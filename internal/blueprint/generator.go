package blueprint

import "slices"

// Where what is rendered stands in a repository.
const (
	TerraformFolder = "terraform"         // what engines run in
	ModulesFolder   = "terraform/modules" // the modules, a folder each
)

// Generator renders blueprints. Two generators of the same version give the
// same bytes for the same choices.
type Generator struct {
	Version string // of Aloft, such as v0.4.0; "" or "devel" = not released
	Sum     string // checksum of that version as a Go module, "h1:…"; "" = not known

	notices []string // of a mapping
}

// Render returns the files of the choices, sorted by path: Terraform, modules,
// workflow and README. What is empty is completed; the error is CodeInvalid and
// wraps the Violations.
func (g Generator) Render(c Choices) ([]File, error) {
	files, record, err := g.RenderApart(c)
	if err != nil {
		return nil, err
	}
	return record.With(files)
}

// Mapping is what somebody asked for in other words than ours, such as parameters of
// NubesGen's, in choices.
type Mapping struct {
	Choices Choices
	Notices []string // what is another than was asked for, and why; one sentence or two each
}

// RenderMapping is Render with the notices of the mapping in the README.
func (g Generator) RenderMapping(m Mapping) ([]File, error) {
	g.notices = m.Notices
	return g.Render(m.Choices)
}

// RenderApart is Render with the record by itself, for somebody who leaves files
// out of both.
func (g Generator) RenderApart(c Choices) ([]File, Record, error) {
	c = c.Complete()
	if err := c.Check().Err(); err != nil {
		return nil, Record{}, err
	}
	files, err := g.files(c)
	return files, g.newRecord(c, files), err
}

// files renders everything but the record.
func (g Generator) files(c Choices) ([]File, error) {
	manifest, err := manifestFile(c)
	if err != nil {
		return nil, err
	}
	files := append(terraformFiles(c), manifest, g.workflow(c))
	notices := append(slices.Clone(g.notices), c.Notices()...)
	return append(files, File{Path: TerraformFolder + "/README.md", Text: readme(c, notices)}), nil
}

// terraformFiles renders terraform/.
func terraformFiles(c Choices) []File {
	var files []File
	add := func(name, text string) { files = append(files, File{Path: TerraformFolder + "/" + name, Text: text}) }
	add(".gitignore", ignored)
	if c.Target == TargetLocal {
		add("main.tf", localMain(c))
		add("variables.tf", variablesFile(commonInputs(c)))
		add("outputs.tf", localOutputs(c))
		add("providers.tf", localProviders())
		return files
	}
	main, modules := azureMain(c)
	add("main.tf", main)
	add("variables.tf", variablesFile(azureInputs(c)))
	add("outputs.tf", azureOutputs(c))
	add("providers.tf", azureProviders(modules))
	add("backend.tf", azureBackend(c))
	return append(files, moduleFiles(c.Target, modules)...)
}

// ignored is terraform/.gitignore. Templates of a .gitignore for Terraform leave out
// variables files, with which an environment's own would never reach it.
const ignored = `.terraform/
*.tfstate
*.tfstate.*
*.tfplan

# Kept, whatever a .gitignore above says.
!environments/*.tfvars
!.terraform.lock.hcl
`
