package cloud

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Faults are the switches of what goes wrong. The zero value is a cloud that
// answers at once. A share is between 0 (never) and 1 (always); what is drawn
// comes from Seed, so that a run can be had again.
type Faults struct {
	Seed uint64

	Delay      time.Duration // that operations take at least
	RetryAfter time.Duration // that answers ask for; 0 = 1 s. Below a second azcore obeys it, the provider looks again at once
	Hurry      bool          // let the provider skip its waits of 10 seconds, by the header that it has for replayed tests

	Throttled      float64       // share of requests that are answered 429
	ReadsPerSpan   int           // reads that are answered in a span, then 429; 0 = no limit
	Span           time.Duration // 0 = 5 minutes
	Conflicting    float64       // share of writes that are answered 409 with a code that says: again later (behaviour 2)
	UnseenReads    int           // reads of a new resource that are answered 404 (behaviour 3)
	RoleDelay      time.Duration // until a role, or a federated credential, counts (issue azure-dev#7529: 1 to 5 minutes for AcrPull)
	PrincipalDelay time.Duration // until a new identity can be given roles: 400 PrincipalNotFound before (azd retries 10 × 5 s)
	LostOperations float64       // share of operations whose address answers 404
	CutAnswers     float64       // share of writes that are carried out, and then the connection is cut
	OtherCase      bool          // ids come back with "resourcegroups" (behaviour 6)

	Restart      time.Duration // that a settings write takes a site and its deployment service away (behaviour 7)
	UnseenStatus int           // reads of a deployment's status that are answered 404 (azd retries 404 for this call only)
	FailedSyncs  int           // times that a function app refuses to sync its triggers after a write of settings
	Asleep       bool          // a revision that may scale to zero has not started when it is made
	StuckStatus  bool          // a deployment's status stays RuntimeStarting for ever (issue bicep#14813)
	Expiry       time.Duration // until an operation of a revision that does not get ready is given up, 15 minutes in Azure; 0 = 5 s
}

// SetFaults changes the switches from now on, and begins with the seed anew.
func (c *Cloud) SetFaults(f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = f
	c.random = rand.New(rand.NewPCG(f.Seed, 0x9e3779b97f4a7c15))
	c.reads = window{}
}

// Rule makes the answer of requests that a test has in mind.
type Rule struct {
	Method     string         // "" = any
	Host       string         // "" = the management host
	Path       *regexp.Regexp // nil = any
	After      int            // requests that pass first
	Times      int            // requests it answers; 0 = all
	Status     int            // of the answer; 0 = the request is carried out, see Cut
	Code       string         // Azure's, such as "QuotaExceeded"
	Message    string
	RetryAfter time.Duration
	Cut        bool // the connection ends without an answer; with Status 0 after the request was carried out

	met int
}

// Answer adds a rule. Rules that came first go first.
func (c *Cloud) Answer(rule Rule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = append(c.rules, &rule)
}

// ForgetRules takes away the rules that Answer has added.
func (c *Cloud) ForgetRules() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = nil
}

// ruled returns the rule that a request meets, if any. The caller holds the lock.
func (c *Cloud) ruled(r *http.Request, host string) *Rule {
	for _, rule := range c.rules {
		wanted := rule.Host
		if wanted == "" {
			wanted = managementHost
		}
		if wanted != host || rule.Method != "" && rule.Method != r.Method || rule.Path != nil && !rule.Path.MatchString(r.URL.Path) {
			continue
		}
		rule.met++
		if rule.met <= rule.After || rule.Times > 0 && rule.met > rule.After+rule.Times {
			continue
		}
		return rule
	}
	return nil
}

func (rule *Rule) failure() *failure {
	return &failure{
		status: rule.Status, code: rule.Code, message: rule.Message,
		retryAfter: rule.RetryAfter, cut: rule.Cut, fault: "rule",
	}
}

// drawn reports whether a fault with this share happens now. The caller holds
// the lock.
func (c *Cloud) drawn(share float64) bool { return share > 0 && c.random.Float64() < share }

// disturbed returns what goes wrong with a request before it is looked at. The
// caller holds the lock.
func (q *request) disturbed() *failure {
	c := q.cloud
	if rule := c.ruled(q.Request, managementHost); rule != nil {
		if rule.Status != 0 {
			return rule.failure()
		}
		q.cut = rule.Cut
	}
	after := c.faults.RetryAfter
	if after == 0 {
		after = time.Second
	}
	throttled := &failure{
		status: http.StatusTooManyRequests, code: "TooManyRequests", retryAfter: after, fault: "429",
		message: "The request is being throttled as the limit has been reached for operation type 'Read_ObservationWindow_00:05:00'. For more information, see - https://aka.ms/srpthrottlinglimits",
	}
	if c.drawn(c.faults.Throttled) || q.isRead() && !c.reads.admit(c.faults.ReadsPerSpan, c.faults.Span, time.Now()) {
		return throttled
	}
	if !q.isRead() && c.drawn(c.faults.Conflicting) {
		f := conflict(q.busyCode(), "Another operation is in progress. Please retry later.")
		f.fault = "409"
		return f
	}
	if !q.isRead() && c.drawn(c.faults.CutAnswers) {
		q.cut = true
	}
	return nil
}

func (q *request) isRead() bool { return q.Method == http.MethodGet || q.Method == http.MethodHead }

// busyCode returns the code by which a type says that something is under way
// .
func (q *request) busyCode() string {
	if code := q.cloud.kindOf(q.path.kind).busy; code != "" {
		return code
	}
	switch strings.ToLower(q.path.namespace()) {
	case "microsoft.app":
		return "ContainerAppOperationInProgress"
	case "microsoft.network":
		return "AnotherOperationInProgress"
	}
	return "Conflict"
}

// window counts reads in a span of time.
type window struct {
	began time.Time
	count int
}

func (w *window) admit(limit int, span time.Duration, now time.Time) bool {
	if limit == 0 {
		return true
	}
	if span == 0 {
		span = 5 * time.Minute
	}
	if now.Sub(w.began) > span {
		w.began, w.count = now, 0
	}
	w.count++
	return w.count <= limit
}
