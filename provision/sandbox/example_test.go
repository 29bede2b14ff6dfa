package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"

	"qlik-provision/provision/sandbox"
)

// An in-memory tenant that is reached in process.
func ExampleInProcess() {
	tenant := sandbox.New(sandbox.Options{APIKey: "key"})
	client := &http.Client{Transport: sandbox.InProcess(tenant)}
	for range 2 {
		req, err := http.NewRequest(http.MethodPost, "https://acme.eu.qlikcloud.com/api/v1/users",
			strings.NewReader(`{"subject": "jdoe"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer key")
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(resp.Status)
		resp.Body.Close()
	}
	for _, u := range tenant.Users() {
		fmt.Println(u.Subject, u.Status)
	}
	// Output:
	// 201 Created
	// 409 Conflict
	// jdoe active
}
