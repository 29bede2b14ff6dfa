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
	status int
	header [2]string // name and value of one more header
	body   []byte    // JSON, or none
}

func (r reply) headers() http.Header {
	h := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if r.body != nil {
		h["Content-Type"] = []string{"application/json"}
		h["Content-Length"] = []string{strconv.Itoa(len(r.body))}
	}
	if r.header[0] != "" {
		h[r.header[0]] = []string{r.header[1]}
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

// refusal is an answer with an error. Not published: codes other than USERS-4, USERS-7 and HTTP-429, and all details.
// A client must not rely on them.
type refusal struct {
	status              int
	form                ErrorForm // zero means Qlik's
	code, title, detail string
	pointer, parameter  string    // the property or query parameter that is wrong
	header              [2]string // as in reply
}

func (r *refusal) reply() reply {
	body := map[string]any{"error": r.code, "error_description": r.detail}
	if r.form != FormOAuth {
		e := map[string]any{"code": r.code, "title": r.title, "detail": r.detail, "status": r.status}
		if r.status == http.StatusUnauthorized {
			e["status"] = strconv.Itoa(r.status) // it has been seen as a number and as text
		}
		if r.pointer != "" {
			e["source"] = map[string]string{"pointer": r.pointer}
		} else if r.parameter != "" {
			e["source"] = map[string]string{"parameter": r.parameter}
		}
		body = map[string]any{"errors": []any{e}, "traceId": fmt.Sprintf("%032x", rand.Uint64()|1)}
	}
	rep := jsonReply(r.status, body)
	rep.header = r.header
	return rep
}

// invalid is a 400 that names the property at fault, or none.
func invalid(pointer, detail string) *refusal {
	return &refusal{status: 400, code: "USERS-4", title: "Invalid request", detail: detail, pointer: pointer}
}

// invalidParameter is a 400 that names the query parameter at fault.
func invalidParameter(name, detail string) *refusal {
	return &refusal{status: 400, code: "USERS-4", title: "Invalid request", detail: detail, parameter: name}
}

func unauthorized() *refusal {
	return &refusal{status: 401, code: "LOGIN-4", title: "Invalid or expired token",
		detail: "The bearer token is missing, unknown or expired."}
}

func forbidden(detail string) *refusal {
	return &refusal{status: 403, code: "USERS-3", title: "Forbidden", detail: detail}
}

func notFound(code, detail string) *refusal {
	return &refusal{status: 404, code: code, title: "Not found", detail: detail}
}

func conflict() *refusal {
	return &refusal{status: 409, code: "USERS-8", title: "Conflict",
		detail: "A user with this subject or email exists."}
}

func tooLarge() *refusal {
	return &refusal{status: 413, code: "HTTP-413", title: "Payload too large", detail: "The body is over 500 kB."}
}

func tooMany(seconds int) *refusal {
	return &refusal{status: 429, code: "HTTP-429", title: "API rate limit reached.",
		detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds),
		header: [2]string{"Retry-After", strconv.Itoa(seconds)}}
}
