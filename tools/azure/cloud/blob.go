package cloud

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// blobs are those of a storage account. They are guarded by the cloud's lock.
type blobs struct {
	containers map[string]map[string]*blob // by container and name
	website    bool                        // a static website is served from $web
}

type blob struct {
	content  []byte
	kind     string // Content-Type
	metadata map[string]string
	etag     string
	changed  time.Time
	lease    string // id, "" = none
	until    time.Time
	blocks   map[string][]byte // that are not in the blob yet, by id
}

// leased reports whether somebody holds the blob.
func (b *blob) leased() bool {
	return b.lease != "" && (b.until.IsZero() || time.Now().Before(b.until))
}

// maxBlob is the largest body that is taken at once.
const maxBlob = 256 << 20

// blobCall is a request to the blob service (doc, "Blob Storage REST API"). It
// takes Entra's tokens only, since shared keys are off in all that is generated.
type blobCall struct {
	*http.Request
	cloud     *Cloud
	account   *resource
	blobs     *blobs
	w         http.ResponseWriter
	container string
	name      string
	body      []byte
}

func (c *Cloud) serveBlobs(account *resource, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBlob))
	if err != nil {
		return // the client has gone, or will not stop
	}
	q := &blobCall{Request: r, cloud: c, account: account, w: w, body: body}
	q.container, q.name, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.Header().Set("X-Ms-Request-Id", newID())
	w.Header().Set("X-Ms-Version", "2023-11-03")
	if id := r.Header.Get("X-Ms-Client-Request-Id"); id != "" {
		w.Header().Set("X-Ms-Client-Request-Id", id)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	q.blobs = account.state.(*blobs)
	if rule := c.ruled(r, hostName(r.Host)); rule != nil && rule.Status != 0 {
		q.refuse(rule.Status, rule.Code, rule.Message)
		return
	}
	if q.admitted() {
		q.serve()
	}
}

// admitted looks at the token, and at the role at container or account.
func (q *blobCall) admitted() bool {
	token, _ := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	claims, err := readToken(token, q.cloud.signer.keys())
	audience := claim(claims, "aud")
	if err != nil || audience != "https://storage.azure.com" && audience != "https://"+hostName(q.Host) {
		q.w.Header().Set("Www-Authenticate", "Bearer authorization_uri=https://"+loginHost+"/"+q.cloud.options.Tenant+"/oauth2/authorize resource_id=https://storage.azure.com")
		q.refuse(http.StatusUnauthorized, "NoAuthenticationInformation", "Server failed to authenticate the request.")
		return false
	}
	roles := []string{"Storage Blob Data Contributor", "Storage Blob Data Owner"}
	if q.Method == http.MethodGet || q.Method == http.MethodHead {
		roles = append(roles, "Storage Blob Data Reader")
	}
	scope := q.account.id
	if q.container != "" {
		scope += "/blobServices/default/containers/" + q.container
	}
	if !q.cloud.allows(claim(claims, "oid"), scope, roles...) {
		q.refuse(http.StatusForbidden, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.")
		return false
	}
	return true
}

func (q *blobCall) refuse(status int, code, message string) {
	q.w.Header().Set("X-Ms-Error-Code", code)
	q.w.Header().Set("Content-Type", "application/xml")
	q.w.WriteHeader(status)
	if q.Method != http.MethodHead {
		_ = xml.NewEncoder(q.w).Encode(struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
			Message string
		}{Code: code, Message: message}) // fails only when the client has gone
	}
}

func (q *blobCall) serve() {
	query := q.URL.Query()
	switch {
	case q.container == "":
		q.serveAccount(query.Get("comp"))
	case q.name == "" && query.Get("restype") == "container":
		q.serveContainer(query.Get("comp"))
	case q.blobs.containers[q.container] == nil && !q.hasContainer():
		q.refuse(http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
	default:
		q.serveBlob(query.Get("comp"))
	}
}

// hasContainer reports whether Resource Manager knows the container, and begins
// it when it does.
func (q *blobCall) hasContainer() bool {
	if q.cloud.find(q.containerID()) == nil {
		return false
	}
	if q.blobs.containers[q.container] == nil {
		q.blobs.containers[q.container] = map[string]*blob{}
	}
	return true
}

func (q *blobCall) containerID() string {
	return q.account.id + "/blobServices/default/containers/" + q.container
}

// serveAccount knows the properties of the service: of them only whether there
// is a static website.
func (q *blobCall) serveAccount(what string) {
	if what == "list" {
		q.answerXML(listing{Service: "https://" + hostName(q.Host) + "/", Containers: q.cloud.containerNames(q.account)})
		return
	}
	if q.Method == http.MethodPut {
		var given struct {
			StaticWebsite struct{ Enabled bool }
		}
		if xml.Unmarshal(q.body, &given) == nil {
			q.blobs.website = given.StaticWebsite.Enabled
		}
		q.w.WriteHeader(http.StatusAccepted)
		return
	}
	q.w.Header().Set("Content-Type", "application/xml")
	_, _ = fmt.Fprintf(q.w, `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><StaticWebsite><Enabled>%v</Enabled></StaticWebsite></StorageServiceProperties>`, q.blobs.website)
}

func (c *Cloud) containerNames(account *resource) []listed {
	var names []listed
	for _, r := range c.children(account.id+"/blobServices/default", containerKind) {
		names = append(names, listed{Name: r.name()})
	}
	return names
}

type listing struct {
	XMLName    xml.Name `xml:"EnumerationResults"`
	Service    string   `xml:"ServiceEndpoint,attr"`
	Containers []listed `xml:"Containers>Container,omitempty"`
	Blobs      []listed `xml:"Blobs>Blob,omitempty"`
	Next       string   `xml:"NextMarker"`
}

type listed struct {
	Name       string
	Properties *listedProperties `xml:",omitempty"`
}

type listedProperties struct {
	Length   int    `xml:"Content-Length"`
	Kind     string `xml:"Content-Type"`
	ETag     string `xml:"Etag"`
	Modified string `xml:"Last-Modified"`
	BlobType string
}

func (q *blobCall) answerXML(body any) {
	q.w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(q.w).Encode(body) // fails only when the client has gone
}

func (q *blobCall) serveContainer(what string) {
	id := q.containerID()
	known := q.hasContainer()
	switch {
	case q.Method == http.MethodPut && what == "":
		if known {
			q.refuse(http.StatusConflict, "ContainerAlreadyExists", "The specified container already exists.")
			return
		}
		r := &resource{id: id, kind: containerKind, created: time.Now(), body: map[string]any{"id": id, "name": q.container, "type": "Microsoft.Storage/storageAccounts/blobServices/containers"}}
		_ = completeContainer(q.cloud, r) // it never refuses
		q.cloud.resources[strings.ToLower(id)] = r
		q.w.WriteHeader(http.StatusCreated)
	case !known:
		q.refuse(http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
	case q.Method == http.MethodDelete:
		q.cloud.erase(id)
		delete(q.blobs.containers, q.container)
		q.w.WriteHeader(http.StatusAccepted)
	case what == "list":
		q.list()
	default:
		q.w.Header().Set("Etag", `"0x1"`)
		q.w.Header().Set("X-Ms-Lease-State", "available")
		q.w.WriteHeader(http.StatusOK)
	}
}

func (q *blobCall) list() {
	found := listing{Service: "https://" + hostName(q.Host) + "/"}
	for _, name := range slices.Sorted(maps.Keys(q.blobs.containers[q.container])) {
		if b := q.blobs.containers[q.container][name]; strings.HasPrefix(name, q.URL.Query().Get("prefix")) && b.etag != "" {
			found.Blobs = append(found.Blobs, listed{name, &listedProperties{len(b.content), b.kind, b.etag, b.changed.UTC().Format(http.TimeFormat), "BlockBlob"}})
		}
	}
	q.answerXML(found)
}

func (q *blobCall) serveBlob(what string) {
	all := q.blobs.containers[q.container]
	b := all[q.name]
	writes := q.Method == http.MethodPut || q.Method == http.MethodDelete
	exists := b != nil && b.etag != ""
	if !exists && (q.Method != http.MethodPut || what == "lease" || what == "metadata" || what == "properties") {
		q.refuse(http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
		return
	}
	if writes && what != "lease" && !q.mayWrite(b, exists) {
		return
	}
	if b == nil {
		b = &blob{}
		all[q.name] = b
	}
	switch {
	case what == "lease":
		q.lease(b)
	case q.Method == http.MethodDelete:
		delete(all, q.name)
		q.w.WriteHeader(http.StatusAccepted)
	case !writes:
		q.read(b)
	case what == "block":
		if b.blocks == nil {
			b.blocks = map[string][]byte{}
		}
		b.blocks[q.URL.Query().Get("blockid")] = q.body
		q.w.WriteHeader(http.StatusCreated)
	case what == "blocklist":
		q.commit(b)
	case what == "metadata":
		b.metadata = q.metadata()
		q.touched(b, http.StatusOK)
	case what == "properties":
		q.touched(b, http.StatusOK)
	default:
		b.content, b.kind, b.metadata = q.body, q.contentType(), q.metadata()
		q.touched(b, http.StatusCreated)
	}
}

func (q *blobCall) contentType() string {
	if kind := q.Header.Get("X-Ms-Blob-Content-Type"); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

func (q *blobCall) metadata() map[string]string {
	found := map[string]string{}
	for name, values := range q.Header {
		if rest, ok := strings.CutPrefix(name, "X-Ms-Meta-"); ok {
			found[strings.ToLower(rest)] = values[0]
		}
	}
	return found
}

// mayWrite holds a write to its conditions and to the lease.
func (q *blobCall) mayWrite(b *blob, exists bool) bool {
	match, noMatch, lease := q.Header.Get("If-Match"), q.Header.Get("If-None-Match"), q.Header.Get("X-Ms-Lease-Id")
	switch {
	case noMatch == "*" && exists:
		q.refuse(http.StatusConflict, "BlobAlreadyExists", "The specified blob already exists.")
	case match != "" && match != "*" && (!exists || b.etag != match):
		q.refuse(http.StatusPreconditionFailed, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
	case exists && b.leased() && lease == "":
		q.refuse(http.StatusPreconditionFailed, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was specified in the request.")
	case exists && b.leased() && lease != b.lease:
		q.refuse(http.StatusPreconditionFailed, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the blob.")
	case lease != "" && (!exists || !b.leased()):
		q.refuse(http.StatusPreconditionFailed, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")
	default:
		return true
	}
	return false
}

func (q *blobCall) touched(b *blob, status int) {
	b.etag, b.changed = `"0x`+strings.ToUpper(strings.ReplaceAll(newID(), "-", "")[:15])+`"`, time.Now()
	q.w.Header().Set("Etag", b.etag)
	q.w.Header().Set("Last-Modified", b.changed.UTC().Format(http.TimeFormat))
	q.w.WriteHeader(status)
}

// commit makes a blob of the blocks that were put before.
func (q *blobCall) commit(b *blob) {
	var named struct {
		Blocks []struct {
			ID string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(q.body, &named); err != nil {
		q.refuse(http.StatusBadRequest, "InvalidXmlDocument", "The list of blocks cannot be read.")
		return
	}
	var content []byte
	for _, one := range named.Blocks {
		block, ok := b.blocks[one.ID]
		if !ok {
			q.refuse(http.StatusBadRequest, "InvalidBlockList", "The specified block list is invalid.")
			return
		}
		content = append(content, block...)
	}
	b.content, b.blocks, b.kind, b.metadata = content, nil, q.contentType(), q.metadata()
	q.touched(b, http.StatusCreated)
}

func (q *blobCall) read(b *blob) {
	head := q.w.Header()
	head.Set("Etag", b.etag)
	head.Set("Last-Modified", b.changed.UTC().Format(http.TimeFormat))
	head.Set("Content-Type", b.kind)
	head.Set("X-Ms-Blob-Type", "BlockBlob")
	head.Set("X-Ms-Lease-State", "available")
	head.Set("X-Ms-Lease-Status", "unlocked")
	if b.leased() {
		head.Set("X-Ms-Lease-State", "leased")
		head.Set("X-Ms-Lease-Status", "locked")
	}
	for name, value := range b.metadata {
		head.Set("X-Ms-Meta-"+name, value)
	}
	content := b.content
	var from, to int
	if ask := q.Header.Get("X-Ms-Range") + q.Header.Get("Range"); ask != "" {
		if n, _ := fmt.Sscanf(ask, "bytes=%d-%d", &from, &to); n >= 1 && from < len(content) {
			if n == 1 || to >= len(content) {
				to = len(content) - 1
			}
			head.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(content)))
			head.Set("Content-Length", fmt.Sprint(to-from+1))
			q.w.WriteHeader(http.StatusPartialContent)
			_, _ = q.w.Write(content[from : to+1]) // fails only when the client has gone
			return
		}
	}
	head.Set("Content-Length", fmt.Sprint(len(content)))
	q.w.WriteHeader(http.StatusOK)
	if q.Method != http.MethodHead {
		_, _ = q.w.Write(content) // fails only when the client has gone
	}
}

// lease acquires, renews, changes, releases or breaks the lease of a blob.
func (q *blobCall) lease(b *blob) {
	id, action := q.Header.Get("X-Ms-Lease-Id"), q.Header.Get("X-Ms-Lease-Action")
	status := http.StatusOK
	switch {
	case action == "acquire" && b.leased() && q.Header.Get("X-Ms-Proposed-Lease-Id") != b.lease:
		q.refuse(http.StatusConflict, "LeaseAlreadyPresent", "There is already a lease present.")
		return
	case action == "acquire":
		b.lease, status = q.Header.Get("X-Ms-Proposed-Lease-Id"), http.StatusCreated
		if b.lease == "" {
			b.lease = newID()
		}
		b.until = time.Time{}
		var seconds int
		if n, _ := fmt.Sscanf(q.Header.Get("X-Ms-Lease-Duration"), "%d", &seconds); n == 1 && seconds > 0 {
			b.until = time.Now().Add(time.Duration(seconds) * time.Second)
		}
	case action == "break":
		b.lease, status = "", http.StatusAccepted
		q.w.Header().Set("X-Ms-Lease-Time", "0")
	case id != b.lease:
		q.refuse(http.StatusConflict, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the blob.")
		return
	case action == "release":
		b.lease = ""
	case action == "change":
		b.lease = q.Header.Get("X-Ms-Proposed-Lease-Id")
	}
	if b.lease != "" {
		q.w.Header().Set("X-Ms-Lease-Id", b.lease)
	}
	q.w.Header().Set("Etag", b.etag)
	q.w.Header().Set("Last-Modified", b.changed.UTC().Format(http.TimeFormat))
	q.w.WriteHeader(status)
}
