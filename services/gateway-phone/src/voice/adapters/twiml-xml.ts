// The module alone: the package's own entry loads every REST resource.
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import type { Spoken, Verb } from '../domain/twiml.ts';

/** Verbs as the XML that Twilio reads. @param address Makes a path of our voice webhooks an address. */
export function toXml(verbs: readonly Verb[], address: (path: string) => string): string {
  const response = new VoiceResponse();
  for (const verb of verbs) append(response, verb, address);
  return response.toString();
}

function append(response: VoiceResponse, verb: Verb, address: (path: string) => string): void {
  switch (verb.verb) {
    case 'say':
    case 'play':
      speak(response, verb);
      return;
    case 'gather': {
      const { action, timeoutSeconds, content } = verb;
      const gather = response.gather({
        action: address(action),
        input: ['dtmf'],
        numDigits: 1,
        timeout: timeoutSeconds,
        // A caller who presses nothing is heard of, too. "*" is a key like any other.
        actionOnEmptyResult: true,
        finishOnKey: '',
      });
      for (const each of content) speak(gather, each);
      return;
    }
    case 'enqueue':
      response.enqueue({ action: address(verb.action), waitUrl: address(verb.waitUrl) }, verb.queue);
      return;
    case 'leave':
      response.leave();
      return;
    case 'conference': {
      const { name, endsConference, events, recorded, music } = verb;
      response.dial().conference(
        {
          startConferenceOnEnter: true,
          endConferenceOnExit: endsConference,
          beep: 'false',
          waitUrl: music,
          waitMethod: 'GET',
          statusCallback: address(events),
          statusCallbackEvent: ['start', 'end', 'join', 'leave'],
          ...(recorded !== undefined && {
            record: 'record-from-start',
            recordingStatusCallback: address(recorded),
            recordingStatusCallbackEvent: ['completed', 'absent'],
          }),
        },
        name,
      );
      return;
    }
    case 'record': {
      const { action, recorded, maxSeconds, transcribed } = verb;
      response.record({
        action: address(action),
        maxLength: maxSeconds,
        timeout: 5,
        playBeep: true,
        recordingStatusCallback: address(recorded),
        recordingStatusCallbackEvent: ['completed', 'absent'],
        ...(transcribed !== undefined && { transcribe: true, transcribeCallback: address(transcribed) }),
      });
      return;
    }
    case 'redirect':
      response.redirect({ method: 'POST' }, address(verb.to));
      return;
    case 'hangup':
      response.hangup();
  }
}

function speak(parent: Pick<VoiceResponse, 'say' | 'play'>, spoken: Spoken): void {
  if (spoken.verb === 'play') {
    parent.play({}, spoken.url);
    return;
  }
  const { text, language, voice } = spoken;
  // Twilio's types list the languages and voices there were when they were made.
  parent.say({ language, ...(voice !== undefined && { voice }) } as Parameters<VoiceResponse['say']>[0] & object, text);
}
