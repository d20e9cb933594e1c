package org.apache.zookeeper.server.quorum;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Properties;
import org.apache.zookeeper.server.quorum.QuorumPeer.ServerState;
import org.apache.zookeeper.server.quorum.flexible.QuorumVerifier;

/**
 * Real ZooKeeper voters without ZooKeeper: the real QuorumCnxManager and FastLeaderElection of the installed
 * package over real TCP, and no Zab behind them. One process plays any number of servers of one ensemble.
 *
 * Arguments: FILE with server.N=host:quorum:election[:role] (and group/weight) lines.
 * Commands on standard input, a line each; answers and decisions on standard output:
 *   start SID ZXID EPOCH   start a voter and look for a leader        -> looking SID
 *   look SID               go LOOKING again and elect                 -> looking SID
 *   stop SID               close everything of it                     -> stopped SID
 * Later, for each look: decided SID STATE LEADER ZXID ROUND EPOCH
 *   quit
 */
public final class JavaVoter {
    static final class Voter extends QuorumPeer {
        final long zxid;
        final long epoch;
        volatile boolean gone;

        Voter(long sid, long zxid, long epoch, String config) throws Exception {
            super();
            this.zxid = zxid;
            this.epoch = epoch;
            setMyid(sid);
            setElectionType(3);
            tickTime = 200;
            initLimit = 10;
            syncLimit = 5;
            Properties p = new Properties();
            p.load(new java.io.StringReader(config));
            QuorumVerifier qv = QuorumPeerConfig.parseDynamicConfig(p, 3, false, false, null);
            setLearnerType(qv.getObservingMembers().containsKey(sid)
                ? LearnerType.OBSERVER : LearnerType.PARTICIPANT);
            setQuorumVerifier(qv, false);
            setQuorumListenOnAllIPs(false);
            setCurrentVote(new Vote(sid, zxid, epoch));
        }

        @Override public long getLastLoggedZxid() {
            return zxid;
        }

        @Override public long getCurrentEpoch() {
            return epoch;
        }

        /* Returns when the election has begun: its first notifications are on their way. */
        void look() throws InterruptedException {
            FastLeaderElection election = (FastLeaderElection) getElectionAlg();
            long before = election.getLogicalClock();
            setPeerState(ServerState.LOOKING);
            Thread t = new Thread(() -> {
                try {
                    Vote v = getElectionAlg().lookForLeader();
                    if (v != null && !gone) {
                        setCurrentVote(v);
                        say("decided " + getId() + " " + getPeerState() + " " + v.getId() + " " + v.getZxid() + " "
                            + v.getElectionEpoch() + " " + v.getPeerEpoch());
                    }
                } catch (Exception e) {
                    say("failed " + getId() + " " + e);
                }
            });
            t.setDaemon(true);
            t.start();
            while (election.getLogicalClock() == before) {
                Thread.sleep(1);
            }
            say("looking " + getId());
        }
    }

    static synchronized void say(String s) {
        System.out.println(s);
        System.out.flush();
    }

    public static void main(String[] a) throws Exception {
        String config = new String(Files.readAllBytes(Paths.get(a[0])), "UTF-8");
        java.util.Map<Long, Voter> voters = new java.util.HashMap<>();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        say("ready");
        for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
            String[] w = line.trim().split(" +");
            long sid = w.length > 1 ? Long.parseLong(w[1]) : -1;
            Voter v = voters.get(sid);
            if (w[0].equals("start")) {
                v = new Voter(sid, Long.decode(w[2]), Long.decode(w[3]), config);
                v.electionAlg = v.createElectionAlgorithm(3);
                voters.put(sid, v);
                v.look();
            } else if (w[0].equals("look") && v != null) {
                v.look();
            } else if (w[0].equals("stop") && v != null) {
                v.gone = true;
                v.getElectionAlg().shutdown();
                voters.remove(sid);
                say("stopped " + sid);
            } else {
                say("what? " + line);
            }
        }
        Runtime.getRuntime().halt(0);
    }
}
