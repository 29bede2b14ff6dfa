package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// refusal is an answer with an error. Not published: codes other than USERS-7 and HTTP-429, and all titles and details
// but those of a 429. A client must not rely on them.
type refusal struct {
	status       int
	code, detail string
	retryAfter   int  // seconds; 0: no such header
	oauth        bool // the body has OAuth's form
}

// invalid is a 400.
func invalid(detail string) *refusal { return &refusal{status: 400, code: "USERS-4", detail: detail} }

func (r *refusal) body() map[string]any {
	if r.oauth {
		return map[string]any{"error": r.code, "error_description": r.detail}
	}
	e := map[string]any{"code": r.code, "title": http.StatusText(r.status), "detail": r.detail, "status": r.status}
	switch r.status {
	case http.StatusUnauthorized:
		e["status"] = strconv.Itoa(r.status) // it has been seen as a number and as text
	case http.StatusTooManyRequests:
		e["title"] = "API rate limit reached."
	}
	return map[string]any{"errors": []any{e}, "traceId": fmt.Sprintf("%032x", rand.Uint64()|1)}
}
