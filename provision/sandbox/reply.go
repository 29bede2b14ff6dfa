package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// reply is an answer before it is on the wire.
type reply struct {
	status     int
	retryAfter int    // seconds; 0: no such header
	body       []byte // JSON, or none
}

func (r reply) headers() http.Header {
	h := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if r.body != nil {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	if r.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	return h
}

func jsonReply(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil { // does not happen with what this package marshals
		return reply{status: http.StatusInternalServerError}
	}
	return reply{status: status, body: body}
}

// refusal is an answer with an error. Not published: codes other than USERS-7 and HTTP-429, and all titles and details
// but those of a 429. A client must not rely on them.
type refusal struct {
	status       int
	code, detail string
	retryAfter   int  // as in reply
	oauth        bool // the body has OAuth's form
}

func (r *refusal) reply() reply {
	body := map[string]any{"error": r.code, "error_description": r.detail}
	if !r.oauth {
		e := map[string]any{"code": r.code, "title": http.StatusText(r.status), "detail": r.detail, "status": r.status}
		switch r.status {
		case http.StatusUnauthorized:
			e["status"] = strconv.Itoa(r.status) // it has been seen as a number and as text
		case http.StatusTooManyRequests:
			e["title"] = "API rate limit reached."
		}
		body = map[string]any{"errors": []any{e}, "traceId": fmt.Sprintf("%032x", rand.Uint64()|1)}
	}
	rep := jsonReply(r.status, body)
	rep.retryAfter = r.retryAfter
	return rep
}

// invalid is a 400.
func invalid(detail string) *refusal { return &refusal{status: 400, code: "USERS-4", detail: detail} }
