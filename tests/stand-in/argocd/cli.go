package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/util/cli"
)

// commandLine is the one piece of the command line that an install runs: `argocd admin redis-initial-password`, in redis' first
// container. Upstream's brings the API server and its pages along, a fifth more to compile, so this does the same with little.
func commandLine() *cobra.Command {
	argocd := &cobra.Command{Use: "argocd"}
	admin := &cobra.Command{Use: "admin"}
	password := &cobra.Command{Use: "redis-initial-password", Args: cobra.NoArgs, SilenceUsage: true}
	config := cli.AddKubectlFlagsToCmd(password)
	password.RunE = func(cmd *cobra.Command, _ []string) error {
		namespace, _, err := config.Namespace()
		if err != nil {
			return err
		}
		rest, err := config.ClientConfig()
		if err != nil {
			return err
		}
		client, err := kubernetes.NewForConfig(rest)
		if err != nil {
			return err
		}
		return ensure(cmd.Context(), client, namespace)
	}
	admin.AddCommand(password)
	argocd.AddCommand(admin)
	return argocd
}

// ensure leaves a password that is there as it is.
func ensure(ctx context.Context, client kubernetes.Interface, namespace string) error {
	if ctx == nil {
		ctx = context.Background()
	}
	name, key := common.RedisInitialCredentials, common.RedisInitialCredentialsKey
	fmt.Printf("Checking for initial Redis password in secret %s/%s at key %s. \n", namespace, name, key)
	made := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{key: []byte(rand.Text())},
	}
	secrets := client.CoreV1().Secrets(namespace)
	if _, err := secrets.Create(ctx, made, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	there, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if _, ok := there.Data[key]; !ok {
		return fmt.Errorf("key %s doesn't exist in secret %s", key, name)
	}
	fmt.Println("Password secret is configured properly.")
	return nil
}
