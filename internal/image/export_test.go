package image

// For tests of rules.
var (
	PortableScript = portableScript
	PortableRecord = portableRecord
	ReadExchange   = readExchange
)

// Families are the names of the catalog.
func Families() []string {
	var list []string
	for name := range families {
		list = append(list, name)
	}
	return list
}

// ChooseBase is the base of a family for the version that a source asks for.
func ChooseBase(family, wanted string) Base {
	return families[family].base(families[family].choose(wanted))
}
