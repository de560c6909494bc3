"""What a study takes, in seconds, bytes and downloads, before it runs and while it does.

In: the study, its jobs, and the times of jobs that this folder has seen to their end.
Out: ranges, and what is left.

costs: what a job takes in seconds and bytes, from the study alone.
durations: what finished jobs of this folder say of its speed.
estimate: what a study takes, as ranges.
progress: how far a run is, and what is left.
"""
