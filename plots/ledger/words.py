"""What functions and options of the kernel are, for readers of a ledger: facts of Linux, no figures."""

# Function, without suffixes: what it does.
FUNCTIONS = {
    "__enqueue_entity": "puts a runnable task into the tree of the scheduler, which EEVDF keeps ordered by deadline",
    "__kmem_cache_alloc_node": "allocates from a slab for kmalloc; since Linux 6.3 the data of small packets have a cache of their own",
    "__kmem_cache_free": "frees an object of a slab for kfree",
    "__update_load_avg_cfs_rq": "decays the load average of a run queue",
    "__wake_up_common": "calls the wake-up function of each waiter",
    "__wake_up_common_lock": "holds the lock of a wait queue while its waiters are woken",
    "avg_vruntime": "computes the average virtual runtime of the runnable tasks (EEVDF)",
    "cache_from_obj": "finds the cache of an object that is freed, and checks it",
    "dequeue_entity": "takes a task that goes to sleep from the run queue; since Linux 6.12 it may stay there for a while (delayed dequeue)",
    "do_syscall_64": "dispatches a system call, including inlined functions",
    "enqueue_entity": "puts a task that was woken on the run queue; since Linux 6.12 it may still be there (delayed dequeue)",
    "epi_fget": "takes a reference to a watched file, so that it cannot be freed while it is polled",
    "kmem_cache_alloc_node": "allocates an object from a slab",
    "kmem_cache_free": "frees an object of a slab",
    "memcg_slab_post_alloc_hook": "charges an object to a memory cgroup",
    "native_sched_clock": "reads the scheduler's clock",
    "pick_eevdf": "picks the eligible task with the earliest deadline (EEVDF, Linux 6.6); CFS took the leftmost task of its tree",
    "psi_group_change": "counts waiting and running tasks of a group for pressure stall information (PSI)",
    "try_to_wake_up": "makes a sleeping task runnable; since Linux 6.12 it may still be on its run queue, which saves most of the work (delayed dequeue)",
    "update_curr": "charges the running task for its time",
    "update_min_vruntime": "keeps the smallest virtual runtime of a run queue",
    "vruntime_eligible": "tells whether a task has had less than its share (EEVDF, Linux 6.6)",
}
# Option, without CONFIG_, or the beginning of several that end in "_": what it means for a request.
OPTIONS = {
    "CALL_PADDING": "room in front of each function for call depth tracking; it is executed only with that mitigation",
    "KFENCE": "samples allocations to find memory errors",
    "LIST_HARDENED": "checks the neighbours of an entry whenever a list changes; DEBUG_LIST did before",
    "LSM": "the security modules that may be enabled",
    "MEMCG_KMEM": "memory cgroups account for the kernel's memory in both; later kernels have no option for it",
    "MITIGATION_": "later kernels made these mitigations options; earlier ones have them without an option",
    "MITIGATION_CALL_DEPTH_TRACKING": "a mitigation that is off unless the command line has retbleed=stuff",
    "RCU_LAZY": "lets callbacks of RCU wait longer on an idle machine",
    "SCHED_MM_CID": "numbers the threads of a process at each switch, for restartable sequences",
    "SECURITY_IPE": "a security module that decides which files may be executed",
    "SLAB_BUCKETS": "separate slab caches for allocations whose size user space controls",
    "SLAB_OBJ_EXT": "per-object data of a slab, such as the cgroup; MEMCG_KMEM stored it elsewhere",
    "X86_KERNEL_IBT": "an endbr64 at the beginning of each function that may be called by a pointer: one instruction more for each such call",
    "X86_USER_SHADOW_STACK": "shadow stacks for programs that ask for them",
}


def describe_option(name):
    """The text for an option without CONFIG_; empty: there is none."""
    prefix = next((each for each in OPTIONS if each.endswith("_") and name.startswith(each)), None)
    return OPTIONS.get(name) or OPTIONS.get(prefix, "")
