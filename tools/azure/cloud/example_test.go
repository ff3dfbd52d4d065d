package cloud_test

import (
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// A client of Azure's needs nothing but another transport; a program needs the
// variables that Environment returns.
func Example() {
	c, err := cloud.Start(cloud.Options{Faults: cloud.Faults{Seed: 1, Throttled: 0.1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	_, err = azidentity.NewClientSecretCredential(c.Tenant(), cloud.DefaultClient, cloud.DefaultSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: policy.ClientOptions{Transport: c.Client()}})
	fmt.Println(err, len(c.Environment()), len(c.Resources()))
	// Output: <nil> 8 0
}
