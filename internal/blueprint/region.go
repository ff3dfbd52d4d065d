package blueprint

import (
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// DefaultRegion is where Azure environments are made unless told.
const DefaultRegion = "westeurope"

// region is a region of Azure.
type region struct {
	Option
	static string // the region nearest to it that takes static web apps
	zones  bool   // it has availability zones
	pair   bool   // it has a paired region, which geo-redundant backups go to
}

// azureRegions are the public regions of Azure that anybody may use, by the
// part of the world (az account list-locations, November 2026).
var azureRegions = []region{
	{Option: Option{Value: "westeurope", Title: "West Europe"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "northeurope", Title: "North Europe"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "swedencentral", Title: "Sweden Central"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "germanywestcentral", Title: "Germany West Central"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "francecentral", Title: "France Central"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "uksouth", Title: "UK South"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "ukwest", Title: "UK West"}, static: "westeurope", pair: true},
	{Option: Option{Value: "switzerlandnorth", Title: "Switzerland North"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "norwayeast", Title: "Norway East"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "polandcentral", Title: "Poland Central"}, static: "westeurope", zones: true},
	{Option: Option{Value: "italynorth", Title: "Italy North"}, static: "westeurope", zones: true},
	{Option: Option{Value: "spaincentral", Title: "Spain Central"}, static: "westeurope", zones: true},
	{Option: Option{Value: "austriaeast", Title: "Austria East"}, static: "westeurope", zones: true},
	{Option: Option{Value: "belgiumcentral", Title: "Belgium Central"}, static: "westeurope", zones: true},
	{Option: Option{Value: "eastus", Title: "East US"}, static: "eastus2", zones: true, pair: true},
	{Option: Option{Value: "eastus2", Title: "East US 2"}, static: "eastus2", zones: true, pair: true},
	{Option: Option{Value: "centralus", Title: "Central US"}, static: "centralus", zones: true, pair: true},
	{Option: Option{Value: "northcentralus", Title: "North Central US"}, static: "centralus", pair: true},
	{Option: Option{Value: "southcentralus", Title: "South Central US"}, static: "centralus", zones: true, pair: true},
	{Option: Option{Value: "westcentralus", Title: "West Central US"}, static: "westus2", pair: true},
	{Option: Option{Value: "westus", Title: "West US"}, static: "westus2", pair: true},
	{Option: Option{Value: "westus2", Title: "West US 2"}, static: "westus2", zones: true, pair: true},
	{Option: Option{Value: "westus3", Title: "West US 3"}, static: "westus2", zones: true, pair: true},
	{Option: Option{Value: "canadacentral", Title: "Canada Central"}, static: "centralus", zones: true, pair: true},
	{Option: Option{Value: "canadaeast", Title: "Canada East"}, static: "eastus2", pair: true},
	{Option: Option{Value: "mexicocentral", Title: "Mexico Central"}, static: "centralus", zones: true},
	{Option: Option{Value: "brazilsouth", Title: "Brazil South"}, static: "eastus2", zones: true, pair: true},
	{Option: Option{Value: "chilecentral", Title: "Chile Central"}, static: "eastus2", zones: true},
	{Option: Option{Value: "eastasia", Title: "East Asia"}, static: "eastasia", zones: true, pair: true},
	{Option: Option{Value: "southeastasia", Title: "Southeast Asia"}, static: "eastasia", zones: true, pair: true},
	{Option: Option{Value: "japaneast", Title: "Japan East"}, static: "eastasia", zones: true, pair: true},
	{Option: Option{Value: "japanwest", Title: "Japan West"}, static: "eastasia", zones: true, pair: true},
	{Option: Option{Value: "koreacentral", Title: "Korea Central"}, static: "eastasia", zones: true, pair: true},
	{Option: Option{Value: "koreasouth", Title: "Korea South"}, static: "eastasia", pair: true},
	{Option: Option{Value: "centralindia", Title: "Central India"}, static: "eastasia", zones: true, pair: true},
	{Option: Option{Value: "southindia", Title: "South India"}, static: "eastasia", pair: true},
	{Option: Option{Value: "westindia", Title: "West India"}, static: "eastasia", pair: true},
	{Option: Option{Value: "indonesiacentral", Title: "Indonesia Central"}, static: "eastasia", zones: true},
	{Option: Option{Value: "malaysiawest", Title: "Malaysia West"}, static: "eastasia", zones: true},
	{Option: Option{Value: "australiaeast", Title: "Australia East"}, static: "eastasia", zones: true, pair: true},
	{Option: Option{Value: "australiasoutheast", Title: "Australia Southeast"}, static: "eastasia", pair: true},
	{Option: Option{Value: "australiacentral", Title: "Australia Central"}, static: "eastasia", pair: true},
	{Option: Option{Value: "newzealandnorth", Title: "New Zealand North"}, static: "eastasia", zones: true},
	{Option: Option{Value: "southafricanorth", Title: "South Africa North"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "uaenorth", Title: "UAE North"}, static: "westeurope", zones: true, pair: true},
	{Option: Option{Value: "qatarcentral", Title: "Qatar Central"}, static: "westeurope", zones: true},
	{Option: Option{Value: "israelcentral", Title: "Israel Central"}, static: "westeurope", zones: true},
}

// Regions lists the regions of a target; none where there is no choice.
func Regions(target string) []Option {
	if target == TargetAzure {
		return options(azureRegions, func(r region) Option { return r.Option })
	}
	return nil
}

func regionOf(value string) region {
	for _, r := range azureRegions {
		if r.Value == value {
			return r
		}
	}
	return region{}
}

// elsewhere refuses a region for one environment of complete choices where
// main.tf, which all environments share, would be another one there: it is
// written for the zones, the paired region and the static web apps of the
// project's own region. The error is CodeInvalid and names the regions that do.
func (c Choices) elsewhere(value string) error {
	main, _ := azureMain(c)
	same := func(r region) bool {
		there := c
		there.Region = r.Value
		text, _ := azureMain(there)
		return text == main && len(there.Check()) == 0
	}
	here, there := regionOf(c.Region), regionOf(value)
	if same(there) {
		return nil
	}
	var list []string
	for _, r := range azureRegions {
		if same(r) {
			list = append(list, r.Value)
		}
	}
	return aloft.Errorf(aloft.CodeInvalid, "%s cannot be the region of one environment: terraform/main.tf is that of all, and made for %s; %s",
		there.Title, here.Title, c.regionsDiffer(here, there)).
		WithHint("one environment can be in: %s", strings.Join(list, ", "))
}

// regionsDiffer words what main.tf would be made for otherwise.
func (c Choices) regionsDiffer(here, there region) string {
	has := func(feature func(region) bool, with, without string) string {
		words := map[bool]string{true: " has " + with, false: " has " + without}
		return here.Title + words[feature(here)] + ", " + there.Title + words[feature(there)]
	}
	joined := func(hosting string) bool {
		return slices.ContainsFunc(c.Apps, func(a App) bool { return a.Hosting == hosting })
	}
	var list []string
	if here.zones != there.zones && (c.HasDatabase() || joined(HostingWebApp)) {
		list = append(list, has(func(r region) bool { return r.zones }, "availability zones", "no availability zones"))
	}
	if here.pair != there.pair && c.HasDatabase() {
		list = append(list, has(func(r region) bool { return r.pair }, "a paired region", "no paired region"))
	}
	if here.static != there.static && joined(HostingStaticWebApp) {
		list = append(list, "static web apps near "+there.Title+" are in "+regionOf(there.static).Title)
	}
	return strings.Join(list, "; ")
}
