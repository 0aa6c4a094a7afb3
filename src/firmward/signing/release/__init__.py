"""From a build to a repository that devices update from: drafts, signatures of several people, publication."""
