package azure

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

// remedy is what to do about one of Azure's codes.
type remedy struct {
	codes []string // as Azure writes them, compared without case
	words string   // that the message has besides; "" = any
	code  aloft.Code
	hint  string
}

// remedies are asked in order; the first that fits is told.
var remedies = []remedy{
	{[]string{"AuthorizationFailed", "LinkedAuthorizationFailed"}, "", aloft.CodeForbidden,
		"the login lacks a role: somebody who may assign roles gives it Contributor on the resource group, or runs the setup again; a role counts after up to 5 minutes"},
	{[]string{"InvalidAuthenticationToken", "InvalidAuthenticationTokenTenant", "AuthenticationFailed", "ExpiredAuthenticationToken"}, "", aloft.CodeForbidden,
		"log in again: `az login --tenant TENANT` with the tenant of the subscription; compare this machine's clock"},
	{[]string{"SubscriptionNotFound", "InvalidSubscriptionId", "MissingSubscription"}, "", aloft.CodeNotFound,
		"the login does not see this subscription: `az account list` shows those that it sees, ARM_SUBSCRIPTION_ID or `az account set` chooses one"},
	{[]string{"DisabledSubscription", "ReadOnlyDisabledSubscription", "SubscriptionNotRegistered"}, "", aloft.CodeForbidden,
		"the subscription is disabled: its owner enables it in the portal, under Subscriptions"},
	{[]string{"MissingSubscriptionRegistration", "NoRegisteredProviderFound", "ResourceProviderNotRegistered"}, "", aloft.CodeForbidden,
		"a provider of resources is not registered in the subscription: `az provider register --namespace Microsoft.App`, with the namespace that Azure names; it takes some minutes"},
	{[]string{"RequestDisallowedByPolicy", "RequestDisallowedByAzure", "PolicyViolation"}, "", aloft.CodeForbidden,
		"a policy of the subscription forbids it: Azure names the policy above; its owner can grant an exemption to the resource group"},
	{[]string{"QuotaExceeded", "MaxNumberOfRegionalEnvironmentsInSubExceeded", "SubscriptionIsOverQuotaForSku", "OperationNotAllowed"}, "quota", aloft.CodeForbidden,
		"the subscription's quota is used up: ask for more in the portal under Quotas, remove environments, or choose another region"},
	{[]string{"QuotaExceeded", "MaxNumberOfRegionalEnvironmentsInSubExceeded", "SubscriptionIsOverQuotaForSku", "TooManyRequests"}, "", aloft.CodeUnavailable,
		"the subscription's quota is used up: ask for more in the portal under Quotas, remove environments, or choose another region"},
	{[]string{"LocationNotAvailableForResourceType", "LocationNotAvailable", "RegionNotSupported", "SkuNotAvailable", "LocationIsOfferRestricted", "ServerFarmCreationNotAllowed"}, "", aloft.CodeInvalid,
		"the region does not offer it, at least not to this subscription: choose another region"},
	{[]string{"ConflictError", "VaultAlreadyExists", "FlagMustBeSetForRestore"}, "delete", aloft.CodeConflict,
		"a vault of that name was deleted and is kept for a while: `az keyvault purge --name NAME` frees the name, `az keyvault recover --name NAME` takes the vault back"},
	{[]string{"StorageAccountAlreadyTaken", "AlreadyInUse", "NameUnavailable", "VaultAlreadyExists", "RegistryNameAlreadyExists", "WebsiteAlreadyExists", "ServerNameAlreadyExists"}, "", aloft.CodeConflict,
		"the name is taken, and it is unique in all of Azure: choose another one"},
	{[]string{"ContainerAppOperationInProgress", "ContainerAppLockConflict", "AnotherOperationInProgress", "OperationInProgress"}, "", aloft.CodeConflict,
		"Azure is still busy with an earlier change, which it gives up after about 15 minutes: try again then"},
	{[]string{"ScopeLocked"}, "", aloft.CodeForbidden,
		"a lock keeps it from being changed: who set the lock takes it away, in the portal under Locks"},
	{[]string{"ResourceGroupNotFound", "ResourceNotFound", "NotFound"}, "", aloft.CodeNotFound,
		"what Terraform made is gone, or it was not told to whom it belongs: apply again, and compare the subscription"},
	{[]string{"ContainerAppOperationError"}, "expired", aloft.CodeFailed,
		"the container did not become ready within the time that Azure gives it: compare its port with the app's, and see its last lines above"},
}

// byStatus are for answers without a code that is known.
var byStatus = map[int]remedy{
	http.StatusUnauthorized:          {code: aloft.CodeForbidden, hint: "log in again: `az login`; compare this machine's clock"},
	http.StatusForbidden:             {code: aloft.CodeForbidden, hint: "the login may not do this: it needs the role Contributor on the resource group"},
	http.StatusNotFound:              {code: aloft.CodeNotFound, hint: "what Terraform made is gone: apply again"},
	http.StatusConflict:              {code: aloft.CodeConflict, hint: "something else changes it at the same time: try again when that has ended"},
	http.StatusRequestEntityTooLarge: {code: aloft.CodeInvalid, hint: "the package is too large: leave out what it does not need to run"},
	http.StatusTooManyRequests:       {code: aloft.CodeUnavailable, hint: "Azure slows down who asks too much: try again in some minutes"},
	http.StatusServiceUnavailable:    {code: aloft.CodeUnavailable, hint: "Azure has a failure of its own: https://azure.status.microsoft tells of those that it knows; try again later"},
}

// explain turns what Azure said into what a person reads: its words, its code,
// the id of the request, and what to do. Other errors stay as they are.
func explain(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok || aloft.ErrorCode(err) != aloft.CodeInternal {
		return canceled(err)
	}
	for _, r := range remedies {
		if r.fits(f) {
			return aloft.Errorf(r.code, "%w", err).WithHint("%s", r.hint)
		}
	}
	if r, known := byStatus[f.status]; known {
		return aloft.Errorf(r.code, "%w", err).WithHint("%s", r.hint)
	}
	if f.status >= http.StatusInternalServerError {
		return aloft.Errorf(aloft.CodeUnavailable, "%w", err).WithHint("%s", byStatus[http.StatusServiceUnavailable].hint)
	}
	return aloft.Errorf(aloft.CodeFailed, "%w", err)
}

// canceled gives the error of a context its code.
func canceled(err error) error {
	if err != nil && aloft.ErrorCode(err) == aloft.CodeInternal && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return aloft.Errorf(aloft.CodeCanceled, "%w", err)
	}
	return err
}

func (r remedy) fits(f *failure) bool {
	if r.words != "" && !strings.Contains(strings.ToLower(f.message), r.words) {
		return false
	}
	for _, code := range r.codes {
		if strings.EqualFold(code, f.code) {
			return true
		}
	}
	return false
}

// entra finds the code of a refused login: "AADSTS700213".
var entra = regexp.MustCompile(`AADSTS\d+`)

// logins are what to do about the codes of refused logins.
var logins = map[string]string{
	"AADSTS70021":   "no federated credential of the identity fits this job: run the setup again; one that was just made counts after some minutes",
	"AADSTS700213":  "no federated credential of the identity fits this job's environment or repository: run the setup again; a repository that was renamed needs it too",
	"AADSTS700016":  "the tenant does not know this client id: compare AZURE_CLIENT_ID and AZURE_TENANT_ID",
	"AADSTS90002":   "there is no such tenant: compare AZURE_TENANT_ID",
	"AADSTS900021":  "there is no such tenant: compare AZURE_TENANT_ID",
	"AADSTS700024":  "the job's token is too old, or a clock is wrong: run the job again",
	"AADSTS50076":   "the tenant wants a second factor: `az login --tenant TENANT`",
	"AADSTS50079":   "the tenant wants a second factor: `az login --tenant TENANT`",
	"AADSTS70043":   "the login has ended: `az login` again",
	"AADSTS700082":  "the login has ended: `az login` again",
	"AADSTS50173":   "the login has ended: `az login` again",
	"AADSTS5000224": "the tenant is not available: ask its administrator",
}
