package blueprint

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/aloft-dev/aloft"
)

// FromNubesGen recognises a repository that NubesGen generated, by the
// composition in terraform/ and a trace of its maker there or in the workflow,
// and tells what was chosen. ok is false for any other repository. The error is
// CodeInvalid for one of NubesGen's that cannot be mapped, and wraps the
// Violations; CodeUnavailable when a file cannot be read.
func FromNubesGen(source fs.FS) (_ Mapping, ok bool, _ error) {
	s := &nubesgenSource{files: source}
	root := s.module("terraform/main.tf")
	application, found := root.module("application")
	if s.err != nil || !found || !s.made() {
		return Mapping{}, false, s.err
	}
	variables := s.module("terraform/variables.tf")
	n := nubesgen{
		name:        variables.defaultOf("application_name"),
		region:      variables.defaultOf("location"),
		application: s.tier(application),
		runtime:     s.runtime(application),
		database:    s.database(root),
		addOns:      s.addOns(root),
		gitOps:      "true", // whoever comes with a repository knows what is in it
	}
	if _, private := root.module("network"); private {
		n.network = "VIRTUAL_NETWORK"
	}
	if s.err != nil {
		return Mapping{}, false, s.err
	}
	m, err := n.mapped()
	return m, true, err
}

// nubesgenSource reads the files of a repository; what cannot be read is its err.
type nubesgenSource struct {
	files fs.FS
	err   error
}

// text returns a file; "" = there is none.
func (s *nubesgenSource) text(name string) string {
	data, err := fs.ReadFile(s.files, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		s.err = cmp.Or(s.err, error(aloft.Errorf(aloft.CodeUnavailable, "cannot read %s: %w", name, err).
			WithHint("it must be a plain file, in a folder of the repository itself")))
	}
	return string(data)
}

// made reports whether a file tells that NubesGen made this.
func (s *nubesgenSource) made() bool {
	for _, name := range []string{"terraform/main.tf", "terraform/README.md", nubesgenWorkflow} {
		if strings.Contains(strings.ToLower(s.text(name)), "nubesgen") {
			return true
		}
	}
	return false
}

// terraformFile is the blocks of one file of Terraform.
type terraformFile struct{ blocks hclsyntax.Blocks }

func (s *nubesgenSource) module(name string) terraformFile {
	file, problems := hclsyntax.ParseConfig([]byte(s.text(name)), name, hcl.InitialPos)
	if problems.HasErrors() {
		s.err = cmp.Or(s.err, error(aloft.Errorf(aloft.CodeInvalid, "cannot read %s: %w", name, problems)))
		return terraformFile{}
	}
	return terraformFile{file.Body.(*hclsyntax.Body).Blocks}
}

// module returns the folder that a module of the root comes from.
func (f terraformFile) module(name string) (string, bool) {
	for _, b := range f.blocks {
		if b.Type == "module" && len(b.Labels) == 1 && b.Labels[0] == name {
			source := constant(b.Body, "source")
			return path.Base(source), strings.HasPrefix(source, "./modules/")
		}
	}
	return "", false
}

func (f terraformFile) defaultOf(variable string) string {
	for _, b := range f.blocks {
		if b.Type == "variable" && len(b.Labels) == 1 && b.Labels[0] == variable {
			return constant(b.Body, "default")
		}
	}
	return ""
}

// attribute returns the constant that a resource of a kind has.
func (f terraformFile) attribute(resource, name string) string {
	for _, b := range f.blocks {
		if b.Type == "resource" && len(b.Labels) == 2 && b.Labels[0] == resource {
			return constant(b.Body, name)
		}
	}
	return ""
}

// constant returns an attribute that is a constant text; else "".
func constant(body *hclsyntax.Body, name string) string {
	attribute, ok := body.Attributes[name]
	if !ok {
		return ""
	}
	value, problems := attribute.Expr.Value(nil)
	if problems.HasErrors() || value.Type() != cty.String || value.IsNull() {
		return ""
	}
	return value.AsString()
}

// nubesgenModules are its folders of hostings, and the resource and the
// attribute that tell the tier.
var nubesgenModules = map[string]struct {
	kind, resource, attribute string
	tiers                     map[string]string
}{
	"app-service":    {nubesgenHosting, "azurerm_service_plan", "sku_name", map[string]string{"F1": "FREE", "B1": "BASIC", "S1": "STANDARD"}},
	"function":       {"FUNCTION", "azurerm_service_plan", "sku_name", map[string]string{"Y1": "CONSUMPTION", "EP1": "PREMIUM"}},
	"container-apps": {"CONTAINER_APPS", "", "", nil},
	"spring-apps":    {"SPRING_APPS", "azurerm_spring_cloud_service", "sku_name", map[string]string{"B0": "BASIC", "S0": "STANDARD"}},
	"spring-cloud":   {"SPRING_APPS", "azurerm_spring_cloud_service", "sku_name", map[string]string{"B0": "BASIC", "S0": "STANDARD"}},

	"mysql":      {"MYSQL", "azurerm_mysql_flexible_server", "sku_name", map[string]string{"B_Standard_B1ms": "BASIC", "GP_Standard_D2ds_v4": "GENERAL_PURPOSE"}},
	"postgresql": {"POSTGRESQL", "azurerm_postgresql_flexible_server", "sku_name", map[string]string{"B_Standard_B1ms": "BASIC", "GP_Standard_D2ds_v4": "GENERAL_PURPOSE"}},
	"sql-server": {"SQL_SERVER", "azurerm_mssql_database", "sku_name", map[string]string{"GP_S_Gen5_1": "SERVERLESS", "GP_Gen5_2": "GENERAL_PURPOSE"}},
}

// nubesgenWorkflow is NubesGen's workflow.
const nubesgenWorkflow = ".github/workflows/gitops.yml"

// NubesGenWrites reports whether NubesGen writes a file of that path.
func NubesGenWrites(file string) bool {
	folder, name := path.Split(file)
	own := slices.Contains([]string{"main.tf", "variables.tf", "outputs.tf", "README.md", ".gitignore"}, name)
	module, inModule := strings.CutPrefix(strings.TrimSuffix(folder, "/"), "terraform/modules/")
	return file == nubesgenWorkflow || own && (folder == "terraform/" || inModule && nubesgenFolder(module))
}

// nubesgenFolder reports whether NubesGen has a module in a folder of that name.
func nubesgenFolder(name string) bool {
	_, hosting := nubesgenModules[name]
	return hosting || name == "network" || name == "virtual-network" ||
		slices.ContainsFunc(nubesgenAddOns, func(k nubesgenKind) bool { return k.folder() == name })
}

// folder is the name of an add-on's module.
func (k nubesgenKind) folder() string { return strings.ToLower(strings.ReplaceAll(k.name, "_", "-")) }

// tier reads a module's kind and tier; a size of the user's own is no tier of
// NubesGen's, and told as it is.
func (s *nubesgenSource) tier(folder string) nubesgenTier {
	known := nubesgenModules[folder]
	if known.resource == "" {
		return nubesgenTier{kind: known.kind}
	}
	size := s.module("terraform/modules/"+folder+"/main.tf").attribute(known.resource, known.attribute)
	return nubesgenTier{known.kind, cmp.Or(known.tiers[size], size)}
}

func (s *nubesgenSource) database(root terraformFile) nubesgenTier {
	folder, found := root.module("database")
	if !found {
		return nubesgenTier{}
	}
	return s.tier(folder)
}

// addOns are modules by the names of NubesGen's add-ons.
func (s *nubesgenSource) addOns(root terraformFile) []nubesgenTier {
	var list []nubesgenTier
	for _, k := range nubesgenAddOns {
		if _, found := root.module(k.folder()); found {
			list = append(list, nubesgenTier{kind: k.name})
		}
	}
	return list
}

// nubesgenTraces tell a runtime by a line of the workflow, or of the module of
// the application; the first that is found counts.
var nubesgenTraces = []struct {
	pattern *regexp.Regexp
	runtime string
}{
	{regexp.MustCompile(`docker-quarkus-native`), "QUARKUS_NATIVE"},
	{regexp.MustCompile(`docker-spring`), "DOCKER_SPRING"},
	{regexp.MustCompile(`mvn .*-Dpackaging=docker`), "DOCKER_MICRONAUT"},
	{regexp.MustCompile(`gradle .*dockerBuild`), "DOCKER_MICRONAUT_GRADLE"},
	{regexp.MustCompile(`gradle bootJar`), "SPRING_GRADLE"},
	{regexp.MustCompile(`gradle quarkusBuild`), "QUARKUS"},
	{regexp.MustCompile(`dotnet_version|DOTNET_VERSION`), "DOTNET"},
	{regexp.MustCompile(`node_version|NODEJS_VERSION`), "NODEJS"},
	{regexp.MustCompile(`python_version|PYTHON_VERSION`), "PYTHON"},
	{regexp.MustCompile(`docker_image|gitops-build-and-deploy-to-[a-z-]+-docker`), "DOCKER"},
	{regexp.MustCompile(`(?m)^\s*"?(SPRING_PROFILES_ACTIVE|SPRING_DATASOURCE_URL)`), "SPRING"},
	{regexp.MustCompile(`(?m)^\s*"?QUARKUS_`), "QUARKUS"},
	{regexp.MustCompile(`(?m)^\s*"?MICRONAUT_`), "MICRONAUT"},
	{regexp.MustCompile(`java_version|Java_\d+`), "JAVA"},
}

// runtime tells the runtime; "" = nothing tells it.
func (s *nubesgenSource) runtime(folder string) string {
	workflow := s.text(nubesgenWorkflow)
	text := workflow + s.text("terraform/modules/"+folder+"/main.tf")
	for _, trace := range nubesgenTraces {
		if !trace.pattern.MatchString(text) {
			continue
		}
		gradle := trace.runtime + "_GRADLE"
		if _, known := nubesgenRuntimes[gradle]; known && strings.Contains(workflow, "java-gradle") {
			return gradle
		}
		return trace.runtime
	}
	return ""
}
